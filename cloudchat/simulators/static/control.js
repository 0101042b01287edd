// The control page: its logs follow what happens; open details and half-filled forms stay.
const seconds = new Intl.DateTimeFormat("id", { hour: "2-digit", minute: "2-digit", second: "2-digit" });

function fillTimes(root) {
  for (const time of root.querySelectorAll("time[data-at]")) {
    time.textContent = seconds.format(new Date(time.dataset.at * 1000));
  }
}

let pending = false;
async function refresh() {
  const live = document.getElementById("live");
  if (pending || live.contains(document.activeElement)) return;
  pending = true;
  try {
    const answer = await fetch("/whatsapp/control/live");
    if (!answer.ok) return;
    const holder = document.createElement("template");
    holder.innerHTML = await answer.text();
    const fresh = holder.content.firstElementChild;
    for (const open of live.querySelectorAll("details[open]")) {
      const same = fresh.querySelector(`[data-keep="${open.dataset.keep}"]`);
      if (same) same.open = true;
    }
    fillTimes(fresh);
    live.replaceWith(fresh);
  } catch (error) {
    console.warn(error); // the next event tries again
  } finally {
    pending = false;
  }
}

fillTimes(document);
let timer = null;
new EventSource("/events").addEventListener("message", () => {
  clearTimeout(timer);
  timer = setTimeout(refresh, 200);
});
setInterval(refresh, 2000);
