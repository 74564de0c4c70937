// Keeps an open page current without losing the reader's place; without scripts the page is whole, only not live.
const EVERY_MS = 5000;
setInterval(async () => {
  if (document.hidden) return;
  try {
    const answer = await fetch(location.href);
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const main = document.querySelector("main");
    if (!main.contains(document.activeElement)) main.replaceWith(fresh.querySelector("main"));
  } catch {
    // The gateway is away: what is shown stays, and says of what time it is.
  }
}, EVERY_MS);
