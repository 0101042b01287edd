// What the generated screens add to the frame. An entry: pages link it, no module imports it.
import "./copy.js";
import "./columns.js";
import "./list.js";
