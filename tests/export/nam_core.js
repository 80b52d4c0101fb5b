// Plays a sound through a .nam file with NeuralAmpModelerCore as WebAssembly (npm @opendaw/nam-wasm):
//     node nam_core.js FOLDER MODEL.nam X.f32 Y.f32 RATE
// FOLDER is the package's dist; the sounds are raw float32.
const fs = require("fs");
const path = require("path");
const { pathToFileURL } = require("url");

const BLOCK = 64;

async function main([folder, model, heard, made, rate]) {
  const create = (await import(pathToFileURL(path.join(folder, "nam.js")))).default;
  const core = await create({ wasmBinary: fs.readFileSync(path.join(folder, "nam.wasm")) });
  core._nam_setSampleRate(Number(rate));
  core._nam_setMaxBufferSize(BLOCK);
  const player = core._nam_createInstance();
  const text = fs.readFileSync(model, "utf8");
  const length = core.lengthBytesUTF8(text) + 1;
  const at = core._malloc(length);
  core.stringToUTF8(text, at, length);
  if (!core._nam_loadModel(player, at)) throw new Error(`${model} is refused`);
  const raw = fs.readFileSync(heard);
  const x = new Float32Array(raw.buffer, raw.byteOffset, raw.byteLength / 4);
  const y = new Float32Array(x.length);
  const [input, output] = [core._malloc(4 * BLOCK), core._malloc(4 * BLOCK)];
  for (let i = 0; i < x.length; i += BLOCK) {
    const count = Math.min(BLOCK, x.length - i);
    core.HEAPF32.set(x.subarray(i, i + count), input / 4);
    core._nam_process(player, input, output, count);
    y.set(core.HEAPF32.subarray(output / 4, output / 4 + count), i);
  }
  fs.writeFileSync(made, Buffer.from(y.buffer));
  console.log(core._nam_getModelLoudness(player));
}

main(process.argv.slice(2)).catch((error) => {
  console.error(String(error));
  process.exit(1);
});
