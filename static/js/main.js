// What every page runs. An entry: pages link it, no module imports it.
import "./app.js";
import "./dialog.js";
import "./forms.js";
import "./menu.js";
import "./theme.js";
import "./time.js";
