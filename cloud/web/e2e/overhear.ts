/** What comes to somebody's pages, byte by byte: what must not come is looked for in it. */
import type { BrowserContext } from "playwright-core";

/** Hears every answer that comes to the pages of a window as it comes, streams among them. */
export async function listen(context: BrowserContext): Promise<Buffer[]> {
  const heard: Buffer[] = [];
  await context.exposeFunction("__heard", (text: string) => heard.push(Buffer.from(text, "latin1")));
  await context.addInitScript(() => {
    const ask = window.fetch;
    const tell = (window as unknown as { __heard: (text: string) => void }).__heard;
    window.fetch = async (...args) => {
      const answer = await ask(...args);
      const reader = answer.clone().body?.getReader();
      const read = async () => {
        for (;;) {
          const part = await reader?.read();
          if (!part?.value) return;
          let text = "";
          for (const byte of part.value) text += String.fromCharCode(byte);
          tell(text);
        }
      };
      read().catch(() => {}); // the page left while the answer came
      return answer;
    };
  });
  return heard;
}

/** How the protocol writes a number. */
export function varint(n: number): Buffer {
  const bytes: number[] = [];
  for (let rest = BigInt(n); ; rest >>= 7n) {
    if (rest < 128n) return Buffer.from([...bytes, Number(rest)]);
    bytes.push(Number(rest & 127n) | 128);
  }
}
