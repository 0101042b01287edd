// One of several open tabs does a thing: whoever claims its id first. Where nothing can be claimed, all do:
// better told twice than not at all.

const KEY = "cloudchat.claimed";
const KEPT = 50;
const PATIENCE_MS = 1_000;
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** True for one tab of this browser only. first: this tab does not wait for the others;
 *  able: false lets every other tab come before it (it could not be heard). */
export async function claim(id, { first = false, able = true } = {}) {
  // A tab in sight before those behind it
  if (!first) await pause((document.hidden ? 180 : 60) + (able ? 0 : 250) + Math.random() * 60);
  try {
    return await Promise.race([take(id), pause(PATIENCE_MS).then(() => true)]);
  } catch {
    return true;
  }
}

/** Write the id down, unless it stands there. A lock makes reading and writing one step for all tabs. */
async function take(id) {
  if (navigator.locks) return navigator.locks.request(KEY, () => write(id) !== null);
  // Without a secure address there are no locks: look again whether another tab wrote at the same moment
  const mine = write(id);
  if (mine === null) return false;
  await pause(20);
  return read().some(([other, owner]) => other === id && owner === mine);
}

function write(id) {
  const claimed = read();
  if (claimed.some(([other]) => other === id)) return null;
  const mine = Math.random().toString(36).slice(2);
  localStorage.setItem(KEY, JSON.stringify([...claimed, [id, mine]].slice(-KEPT)));
  return mine;
}

function read() {
  const found = JSON.parse(localStorage.getItem(KEY) ?? "[]");
  return Array.isArray(found) ? found : [];
}
