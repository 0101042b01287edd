// Dragging by mouse and finger: a copy follows, columns scroll under it, a line shows the place.
import { t } from "../i18n.js";
import { draw, indexAt, partsOf, step } from "./columns.js";
import { board, byHand, cards, columnOf, root } from "./model.js";
import { announce, moveCard } from "./moves.js";

const FAR = 5; // pixels before a press becomes a drag
const LONG = 350; // milliseconds before a finger's press becomes one
const EDGE = 48; // this close to an edge it scrolls
const place = root.querySelector("[data-columns]");
const line = document.createElement("li");
line.setAttribute("role", "presentation");
line.className = "kdrop";
let press = null;
let drag = null;

place.addEventListener("pointerdown", (event) => {
  const item = event.target.closest("[data-card]");
  if (!item || event.button !== 0 || event.target.closest("button, input, a")) return;
  const id = Number(item.dataset.card);
  if (board.busy.has(id)) return;
  press = { id, item, x: event.clientX, y: event.clientY, pointer: event.pointerId, touch: event.pointerType === "touch" };
  if (press.touch) press.timer = setTimeout(() => press && start(press.x, press.y), LONG);
});

addEventListener("pointermove", (event) => {
  if (drag) return follow(event);
  if (!press || event.pointerId !== press.pointer) return;
  const far = Math.hypot(event.clientX - press.x, event.clientY - press.y) > FAR;
  if (far && press.touch) forget();
  else if (far) start(event.clientX, event.clientY);
});

// A finger that drags must not scroll the page; only a listener that is not passive can say so
place.addEventListener("touchmove", (event) => drag && event.preventDefault(), { passive: false });
addEventListener("contextmenu", (event) => (drag || press?.touch) && event.preventDefault());
addEventListener("pointerup", () => (drag ? finish() : forget()));
addEventListener("pointercancel", () => cancel());
addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !drag) return;
  event.stopPropagation();
  cancel();
}, true);
// The press that ends a drag is no click on the card
addEventListener("click", (event) => {
  if (!justDragged) return;
  justDragged = false;
  event.stopPropagation();
  event.preventDefault();
}, true);
let justDragged = false;

function forget() {
  clearTimeout(press?.timer);
  press = null;
}

function start(x, y) {
  const { id, item, touch } = press;
  const box = item.getBoundingClientRect();
  const ghost = item.cloneNode(true);
  ghost.className = "kcard kghost";
  ghost.removeAttribute("data-card");
  ghost.setAttribute("aria-hidden", "true");
  ghost.style.width = `${box.width}px`;
  ghost.style.top = "0";
  document.body.append(ghost);
  drag = { id, ghost, dx: x - box.left, dy: y - box.top, x, y, stage: cards.get(id).stage_id, index: null, frame: 0 };
  item.classList.add("is-lifted");
  root.classList.add("is-dragging");
  if (touch) navigator.vibrate?.(10);
  announce(t("pipeline.picked", { name: cards.get(id).contact.name }));
  forget();
  tick();
}

function follow(event) {
  drag.x = event.clientX;
  drag.y = event.clientY;
}

/** Once a frame: move the copy, scroll what is near an edge, show the place. */
function tick() {
  if (!drag) return;
  drag.ghost.style.transform = `translate(${drag.x - drag.dx}px, ${drag.y - drag.dy}px) rotate(1.5deg)`;
  const column = underPointer();
  scroll(column);
  show(column);
  drag.frame = requestAnimationFrame(tick);
}

function underPointer() {
  return board.columns.find(({ id }) => {
    const box = partsOf(id).element.getBoundingClientRect();
    return drag.x >= box.left && drag.x <= box.right;
  });
}

function scroll(column) {
  const box = place.getBoundingClientRect();
  if (drag.x < box.left + EDGE) place.scrollLeft -= 14;
  if (drag.x > box.right - EDGE) place.scrollLeft += 14;
  if (!column) return;
  const { body } = partsOf(column.id);
  const inner = body.getBoundingClientRect();
  if (drag.y < inner.top + EDGE) body.scrollTop -= 12;
  if (drag.y > inner.bottom - EDGE) body.scrollTop += 12;
}

function show(column) {
  const stage = column?.id ?? null;
  if (stage !== drag.over) {
    if (drag.over) partsOf(drag.over)?.element.classList.remove("is-over");
    if (stage) partsOf(stage).element.classList.add("is-over");
    drag.over = stage;
  }
  if (!column) return line.remove();
  drag.index = byHand() ? indexAt(column, drag.y - drag.dy + step / 2) : null;
  const { list } = partsOf(column.id);
  line.style.top = `${(drag.index ?? 0) * step - 5}px`;
  if (line.parentElement !== list) list.append(line);
}

function finish() {
  const { id, over, index } = drag;
  const stays = over === cards.get(id)?.stage_id;
  end();
  if (!over || (stays && index === null)) return;
  moveCard(id, over, index);
}

/** Put the card back; also called when somebody else moves what is held here. */
export function cancel(text = "") {
  forget();
  if (!drag) return;
  const { id } = drag;
  end();
  announce(text || t("pipeline.cancelled", { name: cards.get(id)?.contact.name ?? "" }));
}

function end() {
  cancelAnimationFrame(drag.frame);
  drag.ghost.remove();
  line.remove();
  root.classList.remove("is-dragging");
  root.querySelectorAll(".is-lifted, .is-over").forEach((item) => item.classList.remove("is-lifted", "is-over"));
  justDragged = true;
  setTimeout(() => (justDragged = false), 50);
  const column = columnOf(drag.stage);
  drag = null;
  if (column) draw(column);
}

/** The card that is being dragged. */
export const dragged = () => drag?.id ?? null;
