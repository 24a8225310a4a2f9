/** What outlives a reload: in this tab (`tab`) or in this browser (`browser`); neither ever throws. */

class Keep {
  constructor(open) {
    try {
      this.storage = open();
    } catch {
      this.storage = null;
    }
    this.memory = new Map();
  }

  get(name) {
    try {
      return JSON.parse(this.storage.getItem(name)) ?? this.memory.get(name) ?? null;
    } catch {
      return this.memory.get(name) ?? null;
    }
  }

  set(name, value) {
    try {
      this.storage.setItem(name, JSON.stringify(value));
      this.memory.delete(name); // another tab may drop it
    } catch {
      this.memory.set(name, value); // full or forbidden: it lives as long as this page
    }
  }

  drop(name) {
    this.memory.delete(name);
    try {
      this.storage.removeItem(name);
    } catch {
      // There was nothing to drop.
    }
  }

  clear() {
    this.memory.clear();
    try {
      this.storage.clear();
    } catch {
      // There was nothing to drop.
    }
  }
}

export const tab = new Keep(() => sessionStorage);
export const browser = new Keep(() => localStorage);
