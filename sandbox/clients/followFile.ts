/** Lines of a file that another process is writing, as they come. */
import { open } from "node:fs/promises";
import { StringDecoder } from "node:string_decoder";

const INTERVAL_MILLISECONDS = 50;
const CHUNK_BYTES = 64 * 1024;

export interface Following {
  /** Reads what is there by now, then no more. */
  stop(): Promise<void>;
}

export function followFile(path: string, heard: (line: string) => void): Following {
  const opening = open(path, "r");
  const decoder = new StringDecoder("utf8");
  const buffer = Buffer.alloc(CHUNK_BYTES);
  let rest = "";
  const read = async (): Promise<void> => {
    const file = await opening;
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, CHUNK_BYTES);
      if (bytesRead === 0) return;
      const lines = (rest + decoder.write(buffer.subarray(0, bytesRead))).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) heard(line);
    }
  };
  let reading = read();
  const timer = setInterval(() => {
    reading = reading.then(read);
  }, INTERVAL_MILLISECONDS);
  return {
    stop: async () => {
      clearInterval(timer);
      await reading.then(read);
      await (await opening).close();
    },
  };
}
