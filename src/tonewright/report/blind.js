"use strict";
// The blind test (ABX): ten times, X is the device or the model by chance, and the listener says which.

const TRIALS = 10;

class BlindTest {
  constructor() {
    this.right = 0;
    this.done = 0;
    this.draw();
  }

  draw() {
    this.secret = Math.random() < 0.5 ? "device" : "model";
  }

  get finished() {
    return this.done === TRIALS;
  }

  answer(name) {
    this.right += name === this.secret ? 1 : 0;
    this.done += 1;
    this.draw();
  }

  words() {
    if (!this.finished) return `Question ${this.done + 1} of ${TRIALS}`;
    const odds = chanceOf(this.right, TRIALS);
    const verdict = odds < 0.02 ? "You can tell them apart." : odds < 0.06
      ? "You can probably tell them apart; do the test again to be sure."
      : "That is what guessing gives: to you, today, they sound the same.";
    const percent = odds < 0.01 ? "less than 1" : Math.round(100 * odds);
    return `${this.right} of ${TRIALS} right. ${verdict} (Guessing alone does as well or better in ${percent} % of tests.)`;
  }
}

// How likely a guesser gets at least `right` of `trials`.
function chanceOf(right, trials) {
  let ways = 1;
  let sum = 0;
  for (let k = 0; k <= trials; k++) {
    if (k >= right) sum += ways;
    ways = (ways * (trials - k)) / (k + 1);
  }
  return sum / 2 ** trials;
}
