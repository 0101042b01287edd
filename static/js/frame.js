// What the signed-in frame runs besides main.js. An entry: pages link it, no module imports it.
import "./sidebar.js";
import "./availability.js";
import "./shortcuts.js";
import "./notifications.js";
import "./alerts.js";
import "./bell.js";
import "./push.js";
import "./pipeline/notice.js";
import "./socket.js";
