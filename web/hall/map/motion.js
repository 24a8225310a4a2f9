/** Whether the map may move by itself: scripts animate past the style sheets, which know the wish for less motion. */

const LESS = globalThis.matchMedia?.("(prefers-reduced-motion: reduce)");

export const mayMove = () => !LESS?.matches;
