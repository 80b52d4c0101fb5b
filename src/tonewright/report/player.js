"use strict";
// Plays dry, device, model and difference, or as many of them as there are, locked together: all run, one is heard.

const FADE_S = 0.01; // a change of what is heard takes this long, so that it makes no click
const SHORTEST_LOOP_S = 0.1;
const HEARD_S = 0.08;

function bytesOf(uri) {
  return Uint8Array.from(atob(uri.slice(uri.indexOf(",") + 1)), (c) => c.charCodeAt(0)).buffer;
}

// An offline context decodes at the file's own rate, and needs no click to be allowed to.
async function decodeSounds(sounds) {
  const offline = new OfflineAudioContext(1, 1, sounds.rate);
  const decoded = {};
  for (const [name, track] of Object.entries(sounds.tracks)) {
    const buffer = await offline.decodeAudioData(bytesOf(track.uri));
    decoded[name] = buffer.getChannelData(0).map((v) => v * track.gain);
  }
  if ("difference_peak" in sounds) decoded.difference = decoded.model.map((v, i) => v - decoded.device[i]);
  return decoded;
}

class Player {
  constructor(sounds, samples) {
    this.sounds = sounds;
    this.samples = samples; // Float32Array by name
    this.duration = samples.device.length / sounds.rate;
    this.region = [0, this.duration]; // what is looped, in seconds
    this.track = "device";
    this.boostDb = 0;
    this.matched = { dry: false, model: false };
    this.volume = 0.7;
    this.place = 0; // where we stand when paused
    this.pass = null; // what is playing
    this.buffers = null; // the looped part of each sound; made when it is first played
    this.jump = null; // the timer of a jump that is about to happen
    this.context = null; // made by the first click, as browsers demand
  }

  get playing() {
    return this.pass !== null;
  }

  get position() {
    if (!this.pass || this.jump) return this.place;
    const [start, end] = this.pass.region;
    const run = Math.max(0, this.context.currentTime - this.pass.begun) + this.pass.from - start;
    return start + (run % (end - start));
  }

  // Boosting stops where the difference would distort.
  get heldBoostDb() {
    const most = 0.98 / (this.sounds.difference_peak * this.sounds.master);
    return Math.min(this.boostDb, Math.max(0, 20 * Math.log10(most)));
  }

  gain(name) {
    if (name === "difference") return Math.pow(10, this.heldBoostDb / 20);
    return this.matched[name] ? this.sounds.tracks[name].match : 1;
  }

  play() {
    if (this.pass) return;
    if (!this.context) this.openContext();
    this.start(this.place);
    this.context.resume();
  }

  pause() {
    if (!this.pass) return;
    this.place = this.position;
    clearTimeout(this.jump);
    this.jump = null;
    this.stop();
  }

  seek(seconds) {
    const [start, end] = this.region;
    this.place = seconds < start || seconds >= end ? start : seconds;
    if (!this.pass || this.jump) return;
    // While a finger scrubs, let each place be heard for a moment before jumping on.
    const wait = Math.max(0, this.pass.begun + HEARD_S - this.context.currentTime);
    this.jump = setTimeout(() => this.restart(), 1000 * wait);
  }

  hear(name) {
    this.track = name;
    this.refresh();
  }

  loop(start, end) {
    const shortest = Math.min(SHORTEST_LOOP_S, this.duration);
    start = Math.max(0, Math.min(start, end, this.duration - shortest));
    const here = this.position;
    this.region = [start, Math.min(this.duration, Math.max(start + shortest, end))];
    this.buffers = null;
    this.seek(here);
  }

  // After any change of gain: glide there from wherever the gain is now.
  refresh() {
    if (!this.context) return;
    const now = this.context.currentTime;
    const glide = (param, value) => param.setTargetAtTime(value, now, FADE_S / 3);
    glide(this.master.gain, this.volume * this.sounds.master);
    if (!this.pass) return;
    for (const [name, node] of Object.entries(this.pass.gains)) {
      glide(node.gain, name === this.track ? this.gain(name) : 0);
    }
  }

  openContext() {
    try {
      this.context = new AudioContext({ sampleRate: this.sounds.rate });
    } catch (error) {
      this.context = new AudioContext(); // plays any rate too, only less finely
    }
    this.master = this.context.createGain();
    this.master.gain.value = this.volume * this.sounds.master;
    this.master.connect(this.context.destination);
  }

  // The looped part of a sound with faded ends, so that going round makes no click.
  loopBuffer(samples) {
    const rate = this.sounds.rate;
    const first = Math.round(this.region[0] * rate);
    const part = samples.slice(first, Math.max(first + 1, Math.round(this.region[1] * rate)));
    const fade = Math.min(Math.round((FADE_S * rate) / 2), part.length >> 1);
    for (let i = 0; i < fade; i++) {
      part[i] *= i / fade;
      part[part.length - 1 - i] *= i / fade;
    }
    const buffer = this.context.createBuffer(1, part.length, rate);
    buffer.copyToChannel(part, 0);
    return buffer;
  }

  start(from) {
    const begun = this.context.currentTime + 0.02; // one moment for all, near enough to feel immediate
    const fade = this.context.createGain();
    fade.gain.value = 0; // else the sample just before `begun` slips through at full level
    fade.gain.setValueAtTime(0, begun);
    fade.gain.linearRampToValueAtTime(1, begun + FADE_S);
    fade.connect(this.master);
    const pass = { begun, from, fade, region: this.region, sources: [], gains: {} };
    this.buffers ||= Object.entries(this.samples).map(([name, x]) => [name, this.loopBuffer(x)]);
    for (const [name, buffer] of this.buffers) {
      const source = this.context.createBufferSource();
      source.buffer = buffer;
      source.loop = true;
      pass.gains[name] = this.context.createGain();
      pass.gains[name].gain.value = name === this.track ? this.gain(name) : 0;
      source.connect(pass.gains[name]).connect(fade);
      source.start(begun, from - this.region[0]);
      pass.sources.push(source);
    }
    this.pass = pass;
  }

  stop() {
    const { fade, sources } = this.pass;
    const now = this.context.currentTime;
    fade.gain.setTargetAtTime(0, now, FADE_S / 3);
    for (const source of sources) source.stop(now + 6 * FADE_S);
    sources[0].onended = () => fade.disconnect();
    this.pass = null;
  }

  restart() {
    this.jump = null;
    this.stop();
    this.start(this.place);
  }
}
