// People by targets. Only the rows and columns in sight are in the page.

const ROW = 30;
const LONGEST = 22;
const MANY = 40;
const grid = { box: null, head: null, body: null, wide: 0, column: 76, name: 220, row: 0, place: -1, drawn: "" };

const buildMatrix = () => {
  grid.head = el("div", { class: "head", role: "row", "aria-rowindex": 1 });
  grid.body = el("div", { class: "rows", role: "presentation" });
  grid.box = el("div", { class: "grid", role: "grid", tabindex: "0" }, grid.head, grid.body);
  grid.box.addEventListener("scroll", () => drawMatrix(false), { passive: true });
  grid.box.addEventListener("keydown", moveInGrid);
  grid.box.addEventListener("focusin", (event) => {
    const cell = event.target.closest("[data-row]");
    if (cell) [grid.row, grid.place] = [Number(cell.dataset.row), Number(cell.dataset.place)];
  });
  at("people").append(grid.box, el("p", { class: "empty" }), legend());
};

const legend = () => {
  const sign = (name, text) => el("li", null, el("span", { class: `pill ${name}` }, el("b", null, text)), el("span", { "data-text": `legend-${name}` }));
  return el("ul", { class: "legend", "data-label": "legend" },
    sign("week", "r"), sign("month", "r"), sign("later", "r"), sign("open", "r"), sign("ahead", "r"),
    blocks.some((block) => block.git && block.wants.some(refusal)) ? sign("refused", "r") : undefined,
    matrix.live ? sign("foreign", "!") : undefined);
};

// A node without the name of the tree's root, which is the same for all.
const nameOf = (target) => (target.kind === "node" && target.name.split("/").length > 2
  ? target.name.split("/").slice(2).join("/") : target.name);

// The end of a long name says more than its beginning.
const tail = (text, most) => (text.length > most ? `…${text.slice(1 - most)}` : text);

const showMatrix = () => {
  const none = !view.rows.length || !view.columns.length;
  at("people").classList.toggle("none", none);
  at("people").querySelector(".empty").textContent =
    state.q || state.env || state.kind || state.within || state.source ? say("nothing-found") : say("nobody");
  grid.box.setAttribute("aria-label", say("view-people"));
  grid.box.setAttribute("aria-rowcount", view.rows.length + 1);
  grid.box.setAttribute("aria-colcount", view.columns.length + 1);
  grid.row = 0;
  grid.place = -1;
  grid.box.scrollTop = 0;
  grid.box.scrollLeft = 0;
  drawMatrix(true);
};

const measure = () => {
  const width = grid.box.clientWidth;
  const slim = width < 640;
  grid.name = slim ? 132 : 230;
  const share = Math.floor((width - grid.name) / Math.max(1, view.columns.length));
  // So many columns are an overview: colours without days, until a search leaves fewer.
  const compact = view.columns.length > MANY;
  grid.column = Math.min(220, Math.max(compact ? 26 : slim ? 76 : 80, share));
  grid.box.classList.toggle("compact", compact && grid.column < 60);
  const longest = Math.max(0, ...view.columns.map((target) => nameOf(matrix.targets[target]).length));
  // Names stand upright only where they do not fit.
  grid.flat = grid.column >= Math.min(130, 40 + longest * 6.6);
  grid.box.classList.toggle("flat", grid.flat);
  grid.top = grid.flat ? 54 : 54 + Math.min(Math.max(5, longest), slim ? 15 : LONGEST) * 6.6;
  const full = grid.name + grid.column * view.columns.length;
  grid.head.style.width = grid.body.style.width = `${full}px`;
  grid.head.style.height = `${grid.top}px`;
  grid.body.style.height = `${ROW * view.rows.length}px`;
};

const drawMatrix = (anew) => {
  if (anew) measure();
  const { box } = grid;
  const count = view.columns.length;
  const first = Math.max(0, Math.floor(box.scrollTop / ROW) - 6);
  const last = Math.min(view.rows.length, Math.ceil((box.scrollTop + box.clientHeight) / ROW) + 6);
  const left = Math.max(0, Math.floor(box.scrollLeft / grid.column) - 2);
  const right = Math.min(count, Math.ceil((box.scrollLeft + box.clientWidth - grid.name) / grid.column) + 2);
  const drawn = [first, last, left, right].join();
  if (!anew && drawn === grid.drawn) return;
  grid.drawn = drawn;
  const held = box.contains(document.activeElement) && document.activeElement !== box;
  grid.head.replaceChildren(...headers(left, right));
  const rows = [];
  for (let row = first; row < last; row += 1) rows.push(matrixRow(row, left, right));
  grid.body.replaceChildren(...rows);
  if (held) focusCell();
};

const headers = (left, right) => {
  const corner = el("div", { class: "corner", role: "columnheader", "aria-colindex": 1, style: { width: `${grid.name}px` } },
    el("span", null, say("count-people", view.rows.length)),
    el("span", null, say("count-targets", view.columns.length)));
  const found = [corner];
  // A band for each environment: they stand together.
  const environment = (place) => matrix.targets[view.columns[place]].environment;
  for (let from = left; from < right;) {
    let start = from;
    while (start > 0 && environment(start - 1) === environment(from)) start -= 1;
    let to = from;
    while (to < view.columns.length && environment(to) === environment(from)) to += 1;
    const style = { left: `${grid.name + start * grid.column}px`, width: `${(to - start) * grid.column}px` };
    found.push(el("div", { class: "band", role: "presentation", style },
      el("span", { style: { left: `${grid.name + 8}px` } }, environment(from))));
    from = to;
  }
  for (let place = left; place < right; place += 1) {
    const target = matrix.targets[view.columns[place]];
    const style = { left: `${grid.name + place * grid.column}px`, width: `${grid.column}px` };
    found.push(el("div", {
      class: `target${target.unreadable ? " unread" : ""}`, role: "columnheader", "aria-colindex": place + 2, style, title: target.name,
      "data-row": -1, "data-place": place, tabindex: "-1", "aria-label": `${target.name}, ${target.environment}`,
      click: () => openDetail(null, view.columns[place]),
    }, shape(target.kind), el("span", null, tail(nameOf(target), grid.flat ? Math.floor((grid.column - 36) / 6.4) : Math.floor((grid.top - 54) / 6.4)))));
  }
  return found;
};

const matrixRow = (row, left, right) => {
  const who = view.rows[row];
  const person = matrix.people[who];
  const cells = cellsOf(who);
  const name = el("div", {
    class: `who ${person.kind}`, role: "rowheader", "aria-colindex": 1, style: { width: `${grid.name}px` },
    "data-row": row, "data-place": -1, "data-count": cells.size, tabindex: row === 0 ? "0" : "-1", click: () => openDetail(who, null),
  },
  el("b", null, personName(person)),
  person.display !== person.name ? el("small", null, person.name) : undefined,
  person.kind === "stranger" ? el("small", { class: "mark" }, say("stranger")) : undefined,
  person.left ? el("small", { class: "mark" }, say("leaves")) : undefined);
  const found = [name];
  for (let place = left; place < right; place += 1) {
    const target = view.columns[place];
    const entries = cells.get(target) || [];
    const style = { left: `${grid.name + place * grid.column}px`, width: `${grid.column}px` };
    const signs = pills(entries);
    found.push(el("div", {
      class: `cell${signs.length > 1 && !grid.flat ? " many" : ""}`, role: "gridcell", "aria-colindex": place + 2, style,
      "data-row": row, "data-place": place, tabindex: "-1",
      "aria-label": `${personName(person)}, ${matrix.targets[target].name}: ${spoken(entries)}`,
      title: entries.length ? `${matrix.targets[target].name}: ${spoken(entries)}` : undefined,
      click: entries.length ? () => openDetail(who, target) : undefined,
    }, ...signs));
  }
  return el("div", { class: "row", role: "row", "aria-rowindex": row + 2, style: { top: `${row * ROW}px` } }, ...found);
};

// Arrow keys go from cell to cell, and Enter opens one.
const moveInGrid = (event) => {
  const page = Math.max(1, Math.floor((grid.box.clientHeight - grid.top) / ROW) - 1);
  const moves = {
    ArrowDown: [1, 0], ArrowUp: [-1, 0], ArrowRight: [0, 1], ArrowLeft: [0, -1],
    PageDown: [page, 0], PageUp: [-page, 0], Home: [0, -Infinity], End: [0, Infinity],
  };
  if (event.key === "Enter" || event.key === " ") {
    event.preventDefault();
    const cell = grid.box.querySelector(`[data-row="${grid.row}"][data-place="${grid.place}"]`);
    if (cell) cell.click();
    return;
  }
  const move = moves[event.key];
  if (!move || event.altKey || event.metaKey) return;
  event.preventDefault();
  const limit = (value, least, most) => Math.min(most, Math.max(least, value));
  const down = event.ctrlKey && event.key === "Home" ? -Infinity : event.ctrlKey && event.key === "End" ? Infinity : move[0];
  grid.row = limit(grid.row + down, -1, view.rows.length - 1);
  grid.place = limit(grid.place + move[1], grid.row < 0 ? 0 : -1, view.columns.length - 1);
  reveal();
  focusCell();
};

const reveal = () => {
  const { box } = grid;
  const top = grid.row * ROW;
  if (grid.row >= 0 && top < box.scrollTop) box.scrollTop = top;
  if (grid.row >= 0 && top + ROW + grid.top > box.scrollTop + box.clientHeight) box.scrollTop = top + ROW + grid.top - box.clientHeight;
  const left = grid.place * grid.column;
  if (grid.place >= 0 && left < box.scrollLeft) box.scrollLeft = left;
  if (grid.place >= 0 && left + grid.column + grid.name > box.scrollLeft + box.clientWidth) box.scrollLeft = left + grid.column + grid.name - box.clientWidth;
  drawMatrix(false);
};

const focusCell = () => {
  const cell = grid.box.querySelector(`[data-row="${grid.row}"][data-place="${grid.place}"]`);
  if (cell) cell.focus({ preventScroll: true });
};
