/** Values that outlive a reload, for this tab (`tab`) or for the whole browser (`browser`). No method ever throws. */

class SafeStorage {
  constructor(open) {
    try {
      this.storage = open();
    } catch {
      this.storage = null;
    }
    this.memory = new Map();
  }

  get(name) {
    if (this.memory.has(name)) return this.memory.get(name); // the storage has an older value, or none
    try {
      return JSON.parse(this.storage.getItem(name));
    } catch {
      return null;
    }
  }

  set(name, value) {
    try {
      this.storage.setItem(name, JSON.stringify(value));
      this.memory.delete(name); // another tab may remove it
    } catch {
      this.memory.set(name, value); // full or forbidden: kept for as long as the document
    }
  }

  remove(name) {
    this.memory.delete(name);
    try {
      this.storage.removeItem(name);
    } catch {
      // Nothing was stored.
    }
  }

  clear() {
    this.memory.clear();
    try {
      this.storage.clear();
    } catch {
      // Nothing was stored.
    }
  }
}

/** Kept until the tab is closed. */
export const tab = new SafeStorage(() => sessionStorage);
/** Kept for all tabs and later visits. */
export const browser = new SafeStorage(() => localStorage);

/** The name of the cache of tickets that are shown without a network, see order/offline/. */
export const TICKETS = "tickets";

/** Forget them: whoever they belong to is here no more. */
export async function forgetTickets() {
  try {
    await globalThis.caches?.delete(TICKETS);
  } catch {
    // Nothing may be kept in this browser.
  }
}
