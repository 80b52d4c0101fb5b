"use strict";
// What is seen of the player: buttons, keys, the waveform. The player itself knows nothing of the page.

const byId = (id) => document.getElementById(id);
const all = (selector) => [...document.querySelectorAll(selector)];
let sounds = JSON.parse(byId("sounds").textContent);
const COLOURS = { ...sounds.colours, x: "#333a45" };
const takes = [sounds, ...(sounds.more || [])]; // an instrument's page has others to hear beside the first
let players = []; // one for each take
let player = null; // the one that is seen and heard
let blind = null; // the blind test while it runs
let heard = "device"; // what the page says is heard; "x" in the blind test

function clock(seconds) {
  return `${Math.floor(seconds / 60)}:${(seconds % 60).toFixed(1).padStart(4, "0")}`;
}

function inRecording(seconds) {
  const part = sounds.parts.filter((p) => p.at_s <= seconds).pop() || sounds.parts[0];
  return part.from_s + seconds - part.at_s;
}

function hear(name) {
  heard = name;
  player.hear(name === "x" ? blind.secret : name);
  show();
}

function toggle() {
  if (player.playing) player.pause();
  else player.play();
  show();
  drawWave();
}

// Everything on the page that follows from the player's settings.
function show() {
  byId("play").textContent = player.playing ? "Pause" : "Play";
  for (const button of all("[data-track], [data-blind]")) {
    const name = button.dataset.track || button.dataset.blind;
    button.style.setProperty("--tint", COLOURS[name]);
    press(button, name === heard);
  }
  for (const button of all("[data-boost]")) press(button, Number(button.dataset.boost) === player.boostDb);
  showHeldBoost(byId("held"));
  const [start, end] = player.region;
  byId("loop-mark").style.left = `${(100 * start) / player.duration}%`;
  byId("loop-mark").style.width = `${(100 * (end - start)) / player.duration}%`;
  byId("tracks").hidden = byId("settings").hidden = blind !== null;
  byId("blind").hidden = blind === null;
  byId("blind-begin").disabled = blind !== null || player !== players[0];
  for (const [number, button] of all("#takes button").entries()) {
    press(button, player === players[number]);
    button.disabled = blind !== null;
  }
  if (blind) byId("blind-score").textContent = blind.words();
  for (const button of all("[data-answer], [data-blind]")) button.disabled = blind !== null && blind.finished;
  drawWave();
}

function showHeldBoost(place) {
  if (!place) return; // a page without a difference
  const held = player.heldBoostDb;
  place.textContent = held < player.boostDb ? `held at ${held.toFixed(0)} dB so that it does not distort` : "";
}

// Another take: its sounds, and what they are called.
function choose(number) {
  if (player.playing) player.pause();
  const { volume, matched } = player;
  [player, sounds] = [players[number], takes[number]];
  Object.assign(player, { volume, matched });
  outlines = {};
  for (const button of all("#tracks button")) button.lastElementChild.textContent = sounds.labels[button.dataset.track];
  ready();
  hear("device");
}

function ready() {
  byId("wave").setAttribute("aria-valuemax", player.duration.toFixed(1));
  byId("status").textContent = `Ready: ${player.duration.toFixed(1)} s at ${sounds.rate} Hz.`;
}

function press(button, on) {
  button.classList.toggle("on", on);
  button.setAttribute("aria-pressed", on);
}

// The lowest and highest sample under each pixel; kept until the width changes.
let outlines = {};
function outline(name, width) {
  const key = `${name} ${width}`;
  if (!outlines[key]) {
    const x = player.samples[name];
    outlines[key] = Array.from({ length: width }, (_, i) => {
      let low = 0;
      let high = 0;
      const end = Math.ceil(((i + 1) * x.length) / width);
      for (let j = Math.floor((i * x.length) / width); j < end; j++) {
        if (x[j] < low) low = x[j];
        if (x[j] > high) high = x[j];
      }
      return [low, high];
    });
  }
  return outlines[key];
}

function drawOutline(pen, name, gain, colour) {
  const { width, height } = pen.canvas;
  const tallest = outline("device", width).reduce((most, [low, high]) => Math.max(most, -low, high), 0);
  const scale = (((gain * height) / 2) * 0.85) / (tallest || 1);
  pen.fillStyle = colour;
  outline(name, width).forEach(([low, high], x) => {
    const top = Math.max(0, height / 2 - high * scale);
    pen.fillRect(x, top, 1, Math.max(1, Math.min(height, height / 2 - low * scale) - top));
  });
}

// What is heard in its colour and as loud as it is heard, before the device in grey.
function drawWave() {
  const canvas = byId("wave");
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.max(1, Math.round(canvas.clientWidth * ratio));
  canvas.height = Math.max(1, Math.round(canvas.clientHeight * ratio));
  const pen = canvas.getContext("2d");
  const { width, height } = canvas;
  const toX = (seconds) => (seconds / player.duration) * width;
  drawOutline(pen, "device", 1, "#c9ced6");
  if (!blind) drawOutline(pen, player.track, player.gain(player.track), COLOURS[player.track] + "cc");
  pen.fillStyle = "rgba(244, 245, 247, 0.75)";
  pen.fillRect(0, 0, toX(player.region[0]), height);
  pen.fillRect(toX(player.region[1]), 0, width, height);
  pen.fillStyle = "#8b93a1";
  for (const part of sounds.parts.slice(1)) pen.fillRect(toX(part.at_s), 0, ratio, height);
  const here = player.position;
  pen.fillStyle = "#1f2630";
  pen.fillRect(toX(here) - ratio, 0, 2 * ratio, height);
  canvas.setAttribute("aria-valuenow", here.toFixed(1));
  byId("time").textContent = `${clock(here)} of ${clock(player.duration)} (recording: ${clock(inRecording(here))})`;
}

function animate() {
  if (player.playing) drawWave();
  requestAnimationFrame(animate);
}

// Calls moved(from, to), in seconds, while the pointer drags over the element.
function onDrag(element, moved) {
  let from = null;
  const seconds = (event) => {
    const box = element.getBoundingClientRect();
    return Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)) * player.duration;
  };
  element.addEventListener("pointerdown", (event) => {
    element.setPointerCapture(event.pointerId);
    from = seconds(event);
    moved(from, from);
  });
  element.addEventListener("pointermove", (event) => {
    if (from !== null) moved(from, seconds(event));
  });
  for (const end of ["pointerup", "pointercancel"]) element.addEventListener(end, () => (from = null));
}

function loop(start, end) {
  player.loop(start, end);
  show();
}

function seek(seconds) {
  player.seek(seconds);
  drawWave();
}

function blindTest(on) {
  blind = on ? new BlindTest() : null;
  hear("device");
}

function answer(name) {
  blind.answer(name);
  hear("device");
}

const KEYS = {
  " ": toggle,
  ArrowLeft: () => seek(Math.max(player.region[0], player.position - 1)),
  ArrowRight: () => seek(player.position + 1),
  "[": () => loop(player.position, player.region[1]),
  "]": () => loop(player.region[0], player.position),
  "\\": () => loop(0, player.duration),
};

function onKey(event) {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const busy = event.target.closest("input, button, summary"); // let these have their own keys
  if (busy && (event.key === " " || event.key.startsWith("Arrow"))) return;
  const digit = all(blind ? "[data-blind]" : "[data-track]")[Number(event.key) - 1];
  const action = digit ? () => digit.click() : KEYS[event.key];
  if (!action) return;
  event.preventDefault();
  action();
}

function connect() {
  const onClick = (id, action) => byId(id).addEventListener("click", action);
  onClick("play", toggle);
  onClick("loop-start", KEYS["["]);
  onClick("loop-end", KEYS["]"]);
  onClick("loop-all", KEYS["\\"]);
  onClick("blind-begin", () => blindTest(true));
  onClick("blind-end", () => blindTest(false));
  const each = (selector, action) => all(selector).forEach((b) => b.addEventListener("click", () => action(b)));
  all("#takes button").forEach((button, number) => button.addEventListener("click", () => choose(number)));
  each("[data-track]", (b) => hear(b.dataset.track));
  each("[data-blind]", (b) => hear(b.dataset.blind));
  each("[data-answer]", (b) => answer(b.dataset.answer));
  each("[data-boost]", (b) => set(() => (player.boostDb = Number(b.dataset.boost))));
  each("#match-dry", (b) => set(() => (player.matched.dry = b.checked)));
  each("#match-model", (b) => set(() => (player.matched.model = b.checked)));
  byId("volume").addEventListener("input", () => set(() => (player.volume = Number(byId("volume").value))));
  onDrag(byId("wave"), (from, to) => seek(to));
  onDrag(byId("loop"), (from, to) => {
    if (Math.abs(to - from) > SHORTEST_LOOP_S) loop(Math.min(from, to), Math.max(from, to)); // a tap marks none
  });
  // After a click with the mouse the keys belong to the player again.
  document.addEventListener("click", (event) => event.detail > 0 && document.activeElement.blur());
  document.addEventListener("keydown", onKey);
  window.addEventListener("resize", drawWave);
}

function set(change) {
  change();
  player.refresh();
  show();
}

async function main() {
  try {
    players = await Promise.all(takes.map(async (take) => new Player(take, await decodeSounds(take))));
    player = players[0];
  } catch (error) {
    byId("status").textContent = `This browser cannot play the sounds in this page: ${error.message}`;
    return;
  }
  connect();
  byId("play").disabled = byId("blind-begin").disabled = false;
  ready();
  show();
  animate();
}

main();
