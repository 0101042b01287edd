// One of several open tabs does a thing: whoever writes the id first. Where nothing can be written, all do.

const KEY = "cloudchat.claimed";
const KEPT = 50;
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** True for one tab of this browser only. first: this tab does not wait for the others. */
export async function claim(id, { first = false } = {}) {
  // A tab in sight before those behind it, and never two at the same moment
  if (!first) await pause((document.hidden ? 180 : 60) + Math.random() * 100);
  try {
    const mine = Math.random().toString(36).slice(2);
    const claimed = read();
    if (claimed.some(([other]) => other === id)) return false;
    localStorage.setItem(KEY, JSON.stringify([...claimed, [id, mine]].slice(-KEPT)));
    await pause(20);
    return read().some(([other, owner]) => other === id && owner === mine);
  } catch {
    return true;
  }
}

function read() {
  const found = JSON.parse(localStorage.getItem(KEY) ?? "[]");
  return Array.isArray(found) ? found : [];
}
