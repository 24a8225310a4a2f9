/** The camera: reads QR codes with the browser's own BarcodeDetector, where it has one. */

import { h } from "../dom.js";
import { t } from "../language/translations.js";

const LOOK_MS = 150;
const SAME_CODE_MS = 3000; // a ticket that stays before the camera is one scan

/** @type {any} */
const Detector = /** @type {any} */ (globalThis).BarcodeDetector; // Deno's types do not know it yet

/** Whether this browser reads QR codes. */
export async function canScan() {
  if (!Detector || !navigator.mediaDevices?.getUserMedia) return false;
  return (await Detector.getSupportedFormats().catch(() => [])).includes("qr_code");
}

/** Tells a code from the one that is still before the camera. */
export class LastCode {
  constructor() {
    this.code = null;
    this.at = 0;
  }

  isNew(code, now) {
    const isSame = code === this.code && now - this.at < SAME_CODE_MS;
    this.code = code;
    this.at = now;
    return !isSame;
  }
}

/** {element, start, stop}; `onscan(code)` for each code, `onfailure(reason)` when there is no camera to be had. */
export function scanner(signal, onscan, onfailure) {
  const video = h("video", { playsinline: true, muted: true, "aria-label": t("door.camera") });
  const element = h(
    "div",
    { class: "finder", hidden: true },
    video,
    h("div", { class: "frame", "aria-hidden": "true" }),
  );
  const last = new LastCode();
  let stream = null;
  signal.addEventListener("abort", stop);

  async function start() {
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" }, audio: false });
    } catch (failure) {
      onfailure(failure.name === "NotAllowedError" ? "door.camera_denied" : "door.camera_missing");
      return false;
    }
    if (signal.aborted) return stop();
    video.srcObject = stream;
    await video.play().catch(() => {});
    element.hidden = false;
    look(new Detector({ formats: ["qr_code"] }));
    return true;
  }

  async function look(detector) {
    while (stream) {
      const [found] = await detector.detect(video).catch(() => []);
      if (found && last.isNew(found.rawValue, Date.now())) onscan(found.rawValue);
      await new Promise((wake) => setTimeout(wake, LOOK_MS));
    }
  }

  function stop() {
    stream?.getTracks().forEach((track) => track.stop());
    stream = null;
    element.hidden = true;
    return false;
  }

  return { element, start, stop };
}
