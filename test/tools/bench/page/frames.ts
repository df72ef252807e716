import type { Contestant } from "./contestants.ts";
import type { Open } from "./frame.ts";

const frames = new Map<Contestant, Promise<Open>>();

/** Opens a stream in the contestant's own frame. */
export async function open(...args: Parameters<Open>): Promise<ReturnType<Open>> {
  const [contestant] = args;
  const known = frames.get(contestant) ?? addFrame();
  frames.set(contestant, known);
  const stream = (await known)(...args);
  await stream.opened;
  return stream;
}

function addFrame(): Promise<Open> {
  return new Promise((resolve) => {
    const frame = document.createElement("iframe");
    frame.src = "/frame";
    frame.onload = () => resolve((frame.contentWindow as unknown as { open: Open }).open);
    document.body.append(frame);
  });
}
