/**
 * The world of the tests: `chekan-sim demo` in a fresh folder, with its tills, the agent and the cabinet; and the
 * hands that steer it. Nothing here knows the inside of a program.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

export const FIRST = "Касса-1";
export const SECOND = "Касса-2";

/** Where screenshots and logs stay after a run. */
export const artifacts = resolve(import.meta.dirname, "artifacts");

const root = resolve(import.meta.dirname, "../../..");
const bin = join(root, "bin");
const run = promisify(execFile);

/** What the demo writes when it is ready (sim/demo, type Ready). */
interface Ready {
  cabinet: string;
  login: string;
  password: string;
  pos: string;
  token: string;
  sim_dir: string;
  agent_pid: number;
}

export interface Slip {
  lines: string[];
  whole: boolean;
}

export class Shop {
  private constructor(
    private readonly demo: ChildProcess,
    private readonly dir: string,
    readonly ready: Ready,
  ) {}

  /** Starts the demo and waits until the morning has been played. */
  static async open(...flags: string[]): Promise<Shop> {
    mkdirSync(artifacts, { recursive: true });
    const dir = mkdtempSync(join(tmpdir(), "chekan-e2e-"));
    const file = join(dir, "ready.json");
    const log = join(artifacts, "demo.log");
    const out = openSync(log, "w");
    const args = ["demo", "--dir", join(dir, "run"), "--agent", join(bin, "chekan-agent"), "--cloud"];
    args.push(join(bin, "chekan-cloud"), "--once-ready-file", file, ...flags);
    const demo = spawn(join(bin, "chekan-sim"), args, { stdio: ["ignore", out, out] });
    closeSync(out);
    const deadline = Date.now() + 240_000;
    for (;;) {
      const ready = readJSON<Ready>(file);
      if (ready) return new Shop(demo, dir, ready);
      if (demo.exitCode !== null || Date.now() > deadline) {
        demo.kill("SIGTERM");
        throw new Error(`the demo did not get ready:\n${readFileSync(log, "utf8")}`);
      }
      await sleep(200);
    }
  }

  /** Stops it as Ctrl-C does; gives its exit code. */
  async close(): Promise<number | null> {
    if (this.demo.exitCode === null) {
      const ended = new Promise((done) => this.demo.once("exit", done));
      this.demo.kill("SIGINT");
      await ended;
    }
    rmSync(this.dir, { recursive: true, force: true });
    return this.demo.exitCode;
  }

  /** Runs a command of chekan-sim on the running tills. */
  private async sim(...args: string[]): Promise<string> {
    return (await run(join(bin, "chekan-sim"), [...args, "--dir", this.ready.sim_dir])).stdout;
  }

  /** Puts a roll of so many lines in; 0 is endless. */
  async paperIn(till: string, lines = 0): Promise<void> {
    await this.sim("paper", "in", "--lines", String(lines), "--till", till);
  }

  /** The last slip that came out of the till. */
  async lastSlip(till: string): Promise<Slip> {
    const lines = (await this.sim("slip", "--till", till)).trimEnd().split("\n");
    const end = lines.pop() ?? "";
    return { lines, whole: /^-+$/.test(end) };
  }

  /** Documents in the till's fiscal memory: the oracle. */
  async documents(till: string): Promise<{ fd: number; kind?: string; total?: number }[]> {
    const out = await this.sim("fn", "list", "--json", "--till", till);
    return out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
  }

  /** Plans a fault of the till; its words are the simulator's. */
  async fault(
    till: string,
    command: string,
    phase: string,
    action: string,
    ...more: string[]
  ): Promise<void> {
    const where = ["--till", till, "--command", command, "--phase", phase];
    await this.sim("fault", "add", ...where, ...more, action);
  }

  /** Sells one thing through the agent's door, and insists that it is done. */
  async sell(till: string, key: string, name: string, price: number): Promise<Record<string, never>> {
    const operation = await this.submit(till, key, name, price);
    if (operation?.outcome !== "OUTCOME_DONE") throw new Error(JSON.stringify(operation));
    return operation;
  }

  /** Asks for a sale through the agent's door, as any program that can send JSON would. */
  async submit(till: string, key: string, name: string, price: number): Promise<Record<string, never>> {
    const answer = await fetch(`${this.ready.pos}/pos.v1.PosService/Submit`, {
      method: "POST",
      headers: {
        Authorization: `Bearer ${readFileSync(this.ready.token, "utf8").trim()}`,
        "Content-Type": "application/json",
      },
      body: JSON.stringify({
        key,
        till,
        kind: "KIND_SALE",
        cashier: { name: "Иванова А. П." },
        receipt: {
          items: [{ name, quantity: "1", price: String(price), vat: "22" }],
          payments: { electronic: String(price) },
        },
      }),
    });
    return (await answer.json()).operation;
  }

  /** A link that opens the cashier's page with its sums and keys, as `chekan-agent page` makes it. */
  async cashierLink(): Promise<string> {
    const answer = await fetch(`${this.ready.pos}/page/link`, {
      method: "POST",
      headers: { Authorization: `Bearer ${readFileSync(this.ready.token, "utf8").trim()}` },
    });
    return (await answer.json()).path;
  }

  /**
   * Signs releases as a publisher does and gives them to the cabinet. The agent of the demo has no key of this
   * publisher and would refuse them, so that a few bytes stand for a binary.
   */
  async release(...releases: { version: string; platform: string; notes: string }[]): Promise<string> {
    const dir = join(this.dir, "publisher");
    const sign = (...args: string[]) => run("go", ["run", "./installers/release", ...args], { cwd: root });
    await sign("dev-root", "--out", dir);
    const [binary, notes] = [join(dir, "binary"), join(dir, "notes.txt")];
    for (const release of releases) {
      writeFileSync(binary, `not a program: ${release.version}`);
      writeFileSync(notes, release.notes);
      await sign(
        "add",
        ...["--repo", join(dir, "repository"), "--key", join(dir, "keys", "release.pem")],
        ...["--version", release.version, "--notes-file", notes, "--binary", `${release.platform}=${binary}`],
      );
    }
    const args = ["releases", "import", join(dir, "repository"), "--root", join(dir, "root.json")];
    const data = join(this.ready.sim_dir, "..", "cloud");
    return (await run(join(bin, "chekan-cloud"), ["--data", data, ...args])).stdout;
  }

  /** Kills the agent at once, as a power cut of the computer does; the demo begins it again after --revive. */
  killAgent(): void {
    process.kill(this.ready.agent_pid, "SIGKILL");
  }
}

/** A cabinet that nobody has connected anything to. */
export async function emptyCabinet(): Promise<{
  url: string;
  login: string;
  password: string;
  close: () => void;
}> {
  const dir = mkdtempSync(join(tmpdir(), "chekan-e2e-empty-"));
  const passwordFile = join(dir, "password");
  const listen = ["--listen", "127.0.0.1:0", "--agents", "127.0.0.1:0", "--broker", "127.0.0.1:0"];
  const cloud = spawn(
    join(bin, "chekan-cloud"),
    ["--data", dir, "run", ...listen, "--admin-password-file", passwordFile],
    { stdio: "ignore" },
  );
  const close = () => {
    cloud.once("exit", () => rmSync(dir, { recursive: true, force: true }));
    cloud.kill("SIGTERM");
  };
  const deadline = Date.now() + 120_000;
  for (;;) {
    const addresses = readJSON<{ cabinet: string }>(join(dir, "addresses.json"));
    if (addresses) {
      return {
        url: addresses.cabinet,
        login: "admin",
        password: readFileSync(passwordFile, "utf8").trim(),
        close,
      };
    }
    if (cloud.exitCode !== null || Date.now() > deadline) {
      close();
      throw new Error("the empty cabinet did not start");
    }
    await sleep(50);
  }
}

/** A file that is written whole or not at all; undefined while it is not there. */
function readJSON<T>(path: string): T | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}
