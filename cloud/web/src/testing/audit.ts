/** The journal of acts, for tests and for looking at pages by eye. */
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import { type AuditLine, AuditLineSchema, type AuditService } from "../gen/cabinet/v1/audit_pb";

export class FakeAudit {
  lines: AuditLine[];

  constructor(now: number, empty: boolean) {
    const line = (
      number: number,
      ago: number,
      l: Omit<MessageInitShape<typeof AuditLineSchema>, "$typeName">,
    ) =>
      create(AuditLineSchema, {
        actor: "anna@romashka.example",
        address: "203.0.113.5",
        ...l,
        number: BigInt(number),
        atMs: BigInt(now - ago * 60_000),
      });
    this.lines = empty
      ? []
      : [
          line(6, 3, { act: "till.settings", object: "till-red", name: "Касса 2", new: "finishPrint: true" }),
          line(5, 40, {
            act: "threshold.set",
            object: "o1",
            name: "Не передано в ОФД",
            old: "24 ч",
            new: "12 ч",
          }),
          line(4, 300, { act: "person.invited", object: "inv-1", name: "galina@romashka.example" }),
          line(3, 1500, {
            actor: "",
            address: "",
            act: "agent.pinned",
            object: "agent-1",
            name: "KASSA-PC",
          }),
          line(2, 3000, {
            act: "organisation.changed",
            object: "o1",
            name: "ООО «Ромашка»",
            old: "Москва, ул. Лесная, 5",
            new: "Москва, ул. Лесная, 7",
          }),
          line(1, 9000, { act: "organisation.created", object: "o1", name: "ООО «Ромашка»" }),
        ];
  }

  service(door: () => void): Partial<ServiceImpl<typeof AuditService>> {
    return {
      listAudit: ({ filter: f }) => {
        door();
        const lines = this.lines.filter(
          (l) =>
            (!f?.actor || l.actor === f.actor) &&
            (!f?.act || l.act === f.act) &&
            (!f?.object || l.object === f.object) &&
            (!f?.sinceMs || l.atMs >= f.sinceMs) &&
            (!f?.untilMs || l.atMs < f.untilMs),
        );
        return {
          lines,
          actors: [...new Set(this.lines.map((l) => l.actor))].filter(Boolean),
          acts: [...new Set(this.lines.map((l) => l.act))],
        };
      },
      verifyAudit: () => {
        door();
        return { lines: BigInt(this.lines.length), number: 6n, hash: "5f0a".repeat(16) };
      },
    };
  }
}
