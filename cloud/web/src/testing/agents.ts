/** Agents for tests and for the page of fakes: one of every standing. */
import { create } from "@bufbuild/protobuf";
import { type Agent, AgentSchema } from "../gen/cabinet/v1/agents_pb";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

export function agents(now: number): Agent[] {
  const ms = (n: number) => BigInt(Math.floor(n));
  return [
    create(AgentSchema, {
      id: "agent-2",
      host: "KASSA-2",
      outlet: "Магазин на Мира, 5",
      version: "0.5.0",
      platform: "windows/amd64",
      online: true,
      heardMs: ms(now - 9_000),
      enrolledMs: ms(now - 80 * DAY),
      certificateUntilMs: ms(now + 9 * DAY),
      tills: ["kassa2"],
      twins: [
        { host: "KASSA-2", address: "203.0.113.7", heardMs: ms(now - 9_000) },
        { host: "KASSA-2", address: "198.51.100.23", heardMs: ms(now - 40_000) },
      ],
    }),
    create(AgentSchema, {
      id: "agent-1",
      host: "KASSA-PC",
      outlet: "Магазин на Мира, 5",
      version: "0.5.0",
      platform: "linux/amd64",
      online: true,
      heardMs: ms(now - 4_000),
      enrolledMs: ms(now - 200 * DAY),
      certificateUntilMs: ms(now + 11 * DAY),
      tills: ["kassa1", "бар"],
    }),
    create(AgentSchema, {
      id: "agent-3",
      host: "sklad-kiosk",
      outlet: "Склад",
      version: "0.4.2",
      platform: "linux/arm64",
      heardMs: ms(now - 12 * DAY),
      enrolledMs: ms(now - 100 * DAY),
      certificateUntilMs: ms(now + DAY),
      tills: ["kiosk"],
    }),
    create(AgentSchema, {
      id: "agent-4",
      host: "OLD-PC",
      outlet: "Магазин на Мира, 5",
      version: "0.3.0",
      platform: "windows/386",
      heardMs: ms(now - 30 * DAY),
      enrolledMs: ms(now - 300 * DAY),
      revokedMs: ms(now - 29 * DAY),
      certificateUntilMs: ms(now - 10 * DAY),
    }),
  ];
}
