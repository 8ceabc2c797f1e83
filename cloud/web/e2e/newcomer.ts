/**
 * A second shop, of somebody who has just signed up: a simulated till and an agent that nobody has connected yet; and
 * the letters and messages the cabinet would have sent.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

const bin = join(resolve(import.meta.dirname, "../../.."), "bin");
const run = promisify(execFile);

/** A port nobody listens on. */
async function freePort(): Promise<number> {
  return new Promise((done, failed) => {
    const server = createServer().once("error", failed);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => done(typeof address === "object" && address ? address.port : 0));
    });
  });
}

async function until<T>(what: string, ask: () => Promise<T | undefined>, limit = 60_000): Promise<T> {
  const deadline = Date.now() + limit;
  for (;;) {
    const answer = await ask().catch(() => undefined);
    if (answer !== undefined) return answer;
    if (Date.now() > deadline) throw new Error(`${what}: not in ${limit} ms`);
    await sleep(100);
  }
}

export class Newcomer {
  private constructor(
    private readonly dir: string,
    private readonly programs: ChildProcess[],
    private readonly settings: string,
    private readonly door: string,
    readonly till: string,
  ) {}

  /** Starts a till and an agent beside it. */
  static async open(till: string): Promise<Newcomer> {
    const dir = mkdtempSync(join(tmpdir(), "chekan-e2e-shop-"));
    const [wire, control, ofd, door] = [
      await freePort(),
      await freePort(),
      await freePort(),
      await freePort(),
    ];
    const [simDir, data] = [join(dir, "sim"), join(dir, "agent")];
    mkdirSync(data, { recursive: true });
    const sim = spawn(
      join(bin, "chekan-sim"),
      [
        ...["run", "--dir", simDir, "--till", `name=${till},tcp=127.0.0.1:${wire}`],
        ...["--control", `127.0.0.1:${control}`, "--ofd", `127.0.0.1:${ofd}`, "--deliver", "200ms"],
      ],
      { stdio: "ignore" },
    );
    const settings = join(dir, "agent.toml");
    writeFileSync(
      settings,
      `data = "${data}"\nlisten = "127.0.0.1:${door}"\n\n[[till]]\nname = "${till}"\ndriver = "shtrih"\nwire = "tcp://127.0.0.1:${wire}"\n`,
      { mode: 0o600 },
    );
    const agent = spawn(join(bin, "chekan-agent"), ["--config", settings, "run"], { stdio: "ignore" });
    const shop = new Newcomer(dir, [agent, sim], settings, `http://127.0.0.1:${door}`, till);
    await until("the agent opens its door", async () => readFileSync(join(data, "token"), "utf8"));
    return shop;
  }

  /** Types the code of the cabinet at the shop's computer. */
  async enroll(cloud: string, code: string): Promise<void> {
    await run(join(bin, "chekan-agent"), ["--config", this.settings, "enroll", code, "--cloud", cloud]);
  }

  /** Asks for something through the agent's door and insists that it is done; an open shift is part of a sale. */
  async submit(body: object): Promise<{ document?: { fd: number; fp: number } }> {
    const answer = await fetch(`${this.door}/pos.v1.PosService/Submit`, {
      method: "POST",
      headers: {
        Authorization: `Bearer ${readFileSync(join(this.dir, "agent", "token"), "utf8").trim()}`,
        "Content-Type": "application/json",
      },
      body: JSON.stringify({ till: this.till, cashier: { name: "Петрова В. И." }, ...body }),
    });
    const { operation } = await answer.json();
    if (operation?.outcome !== "OUTCOME_DONE") throw new Error(JSON.stringify(operation));
    return operation;
  }

  close(): void {
    for (const program of this.programs) program.kill("SIGKILL");
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** What the cabinet has posted, oldest first: without a gateway it keeps messages as files. */
export class Letters {
  constructor(private readonly dir: string) {}

  all(): { to: string; subject?: string; text: string }[] {
    return readdirSync(this.dir)
      .sort()
      .map((name) => JSON.parse(readFileSync(join(this.dir, name), "utf8")));
  }

  /** The newest message to somebody that a pattern fits; the first group, or all of it. */
  async newest(to: string, pattern: RegExp): Promise<string> {
    return until(`a message to ${to}`, async () => {
      const found = this.all()
        .filter((m) => m.to === to)
        .map((m) => pattern.exec(m.text))
        .filter((m) => m !== null)
        .at(-1);
      return found?.[1] ?? found?.[0];
    });
  }
}
