navigator.serviceWorker.onmessage = ({ data }) => {
  document.querySelector("#prices").textContent += ` ${data}`;
};
await navigator.serviceWorker.register("/worker.js");
const { active } = await navigator.serviceWorker.ready;
active.postMessage("connect");
