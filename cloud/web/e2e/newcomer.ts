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

const given = new Set<number>();

/**
 * A port nobody listens on. The system gives none of these to a connection that goes out, as it would give one of its
 * own choice again before our program listens there.
 */
async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    if (given.has(port) || !(await free(port))) continue;
    given.add(port);
    return port;
  }
}

function free(port: number): Promise<boolean> {
  return new Promise((done) => {
    const server = createServer().once("error", () => done(false));
    server.listen(port, "127.0.0.1", () => server.close(() => done(true)));
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

const begin = (settings: string) =>
  spawn(join(bin, "chekan-agent"), ["--config", settings, "run"], { stdio: "ignore" });

export class Newcomer {
  private constructor(
    private readonly dir: string,
    private readonly sim: ChildProcess,
    private agent: ChildProcess,
    private readonly config: string,
    private readonly door: string,
    readonly till: string,
  ) {}

  /**
   * Starts a till and an agent beside it. The till brings its documents to the operator by itself, unless there are
   * operators for the agent to know: addresses of the directory, each with whether the shop's operator answers there or
   * nobody does. A till that is not listed the agent has yet to find.
   */
  static async open(
    till: string,
    operators: Readonly<Record<string, boolean>> = {},
    listed = true,
  ): Promise<Newcomer> {
    const dir = mkdtempSync(join(tmpdir(), "chekan-e2e-shop-"));
    const [wire, control, ofd, door] = [
      await freePort(),
      await freePort(),
      await freePort(),
      await freePort(),
    ];
    const [simDir, data] = [join(dir, "sim"), join(dir, "agent")];
    mkdirSync(data, { recursive: true });
    const known = Object.entries(operators);
    const sim = spawn(
      join(bin, "chekan-sim"),
      [
        ...["run", "--dir", simDir, "--till", `name=${till},tcp=127.0.0.1:${wire}`],
        ...["--control", `127.0.0.1:${control}`, "--ofd", `127.0.0.1:${ofd}`],
        ...(known.length > 0 ? [] : ["--deliver", "200ms"]),
      ],
      { stdio: "ignore" },
    );
    const nobody = await freePort();
    writeFileSync(
      join(data, "operators.toml"),
      known
        .map(([from, here]) => `[[redirect]]\nfrom = "${from}"\nto = "127.0.0.1:${here ? ofd : nobody}"\n`)
        .join("\n"),
    );
    const settings = join(dir, "agent.toml");
    writeFileSync(
      settings,
      `data = "${data}"\nlisten = "127.0.0.1:${door}"\n\n${
        listed
          ? `[[till]]\nname = "${till}"\ndriver = "shtrih"\nwire = "tcp://127.0.0.1:${wire}"\n`
          : `[discovery]\nnetworks = ["127.0.0.1:${wire}"]\nexclude = ["/dev/tty*"]\n`
      }`,
      { mode: 0o600 },
    );
    const shop = new Newcomer(dir, sim, begin(settings), settings, `http://127.0.0.1:${door}`, till);
    await until("the agent opens its door", async () => readFileSync(join(data, "token"), "utf8"));
    return shop;
  }

  /** Types the code of the cabinet at the shop's computer. */
  async enroll(cloud: string, code: string): Promise<void> {
    await run(join(bin, "chekan-agent"), ["--config", this.config, "enroll", code, "--cloud", cloud]);
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

  /** Starts the agent anew, as after a power cut of its computer. */
  async restart(): Promise<void> {
    const ended = new Promise((done) => this.agent.once("exit", done));
    this.agent.kill("SIGKILL");
    await ended;
    this.agent = begin(this.config);
  }

  /** Runs a command of chekan-sim on the running till. */
  private async ask(...args: string[]): Promise<string> {
    return (await run(join(bin, "chekan-sim"), [...args, "--dir", join(this.dir, "sim")])).stdout;
  }

  /** Everything that came out of the till, fiscal or not. */
  async paper(): Promise<string> {
    return this.ask("slip", "--all", "--till", this.till);
  }

  /** How many documents the fiscal memory holds. */
  async documents(): Promise<number> {
    return (await this.ask("fn", "list", "--json", "--till", this.till)).trim().split("\n").length;
  }

  /** Has the operator treat documents in another way; the words are the simulator's. */
  async operator(how: "accept" | "silent"): Promise<void> {
    await this.ask("ofd", "behave", how);
  }

  /** What the cabinet wants of the agent, as the agent has written it down. */
  async settings(): Promise<string> {
    return readFileSync(join(this.dir, "agent", "settings.toml"), "utf8");
  }

  /** What the operator has taken, as the simulator lists it. */
  async taken(): Promise<string> {
    return this.ask("ofd", "ledger");
  }

  close(): void {
    for (const program of [this.agent, this.sim]) program.kill("SIGKILL");
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
