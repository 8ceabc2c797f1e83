/** Notifications of a cabinet in memory: a feed, rules, channels, webhooks with their log. */
import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import {
  type Delivery,
  DeliverySchema,
  type Notice,
  NoticeKind,
  NoticeSchema,
  type NotifyChannel,
  NotifyChannelSchema,
  type NotifyRule,
  NotifyRuleSchema,
  type NotifyService,
  NotifySettingsSchema,
  type Webhook,
  WebhookSchema,
} from "../gen/cabinet/v1/notify_pb";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const ms = (n: number) => BigInt(Math.floor(n));

const EVENTS = [
  "needs_person",
  "unfinished",
  "device",
  "shift",
  "silence",
  "ofd_queue",
  "ofd_link",
  "ofd_contract",
  "fn_fault",
  "fn_term",
  "fn_room",
  "agent_away",
  "agent_fault",
  "clock",
  "certificate",
  "conflict",
  "gap",
  "recovery",
];

const NODES = [
  { id: "north", name: "Север", depth: 0 },
  { id: "shop", name: "Мира, 5", depth: 1 },
  { id: "south", name: "Южная, 12 (торговый центр)", depth: 0 },
];

function notices(now: number): Notice[] {
  const mail = { kind: "mail", address: "anna@example.ru", state: "sent" };
  const tills = (n: number) =>
    Array.from({ length: n }, (_, i) => ({
      id: `t${i}`,
      name: `Касса ${i + 1}`,
      outlet: `Магазин ${i + 1}`,
    }));
  const one = [{ id: "till-red", name: "Касса 2", outlet: "Мира, 5" }];
  return [
    {
      id: "n1",
      event: "device",
      kind: NoticeKind.BEGAN,
      code: "no_paper",
      urgent: true,
      title: "Касса 2 (Мира, 5): в кассе нет бумаги",
      text: "Вставьте ленту и закройте крышку: печать продолжится сама.",
      common: "till",
      tills: one,
      tillCount: 1,
      atMs: ms(now - 6 * MINUTE),
      deliveries: [
        { ...mail, atMs: ms(now - 6 * MINUTE) },
        {
          kind: "telegram",
          address: "@anna",
          state: "failed",
          fault: "address",
          error: "403 Forbidden: bot was blocked by the user",
        },
      ],
    },
    {
      id: "n2",
      event: "ofd_queue",
      kind: NoticeKind.BEGAN,
      code: "ofd_age",
      title: "ОФД Такском, 40 касс: не передано в ОФД: 5, самый старый документ ждёт 24 ч",
      text: "Проверьте интернет кассы и договор с ОФД.",
      common: "operator",
      commonName: "Такском",
      tills: tills(20),
      tillCount: 40,
      atMs: ms(now - 3 * HOUR),
      deliveries: [{ ...mail, atMs: ms(now - 3 * HOUR) }],
    },
    {
      id: "n3",
      event: "agent_away",
      kind: NoticeKind.ENDED,
      code: "away",
      title: "Компьютер KASSA-PC, 2 кассы: агент снова на связи",
      common: "agent",
      commonName: "KASSA-PC",
      tills: tills(2),
      tillCount: 2,
      atMs: ms(now - 26 * HOUR),
      endedMs: ms(now - 26 * HOUR),
      deliveries: [],
    },
    {
      id: "n4",
      event: "fn_term",
      kind: NoticeKind.WORSE,
      code: "fn_term",
      title: "Касса 1 (Южная, 12 (торговый центр)): срок фискального накопителя: осталось 15 дн.",
      text: "Закажите замену накопителя и закройте его архив до конца срока.",
      common: "till",
      tills: [{ id: "till-green", name: "Касса 1", outlet: "Южная, 12 (торговый центр)" }],
      tillCount: 1,
      atMs: ms(now - 50 * HOUR),
      deliveries: [{ kind: "mail", address: "anna@example.ru", state: "waiting", atMs: ms(now + 8 * HOUR) }],
    },
  ].map((n) => create(NoticeSchema, n));
}

export class FakeNotify {
  notices: Notice[];
  rules: NotifyRule[];
  channels: NotifyChannel[];
  hooks: Webhook[];
  deliveries: Delivery[];
  settings = create(NotifySettingsSchema, {
    language: "ru",
    zone: "Europe/Moscow",
    quietFrom: 1320,
    quietTo: 480,
    urgentPasses: true,
    digestAt: 540,
  });
  /** What a confirmed way answers to a test. */
  test = { fault: "", error: "" };

  constructor(
    private readonly now: number,
    empty: boolean,
    private readonly may: () => readonly string[],
  ) {
    this.notices = empty ? [] : notices(now);
    this.rules = empty
      ? []
      : [
          create(NotifyRuleSchema, {
            id: "r1",
            own: true,
            events: ["device", "needs_person"],
            kinds: ["telegram"],
          }),
          create(NotifyRuleSchema, { id: "r2", role: "technician", nodeId: "north", node: "Север" }),
          create(NotifyRuleSchema, {
            id: "r3",
            role: "accountant",
            events: ["fn_term", "fn_room", "ofd_contract", "ofd_queue"],
            kinds: ["mail"],
          }),
        ];
    this.channels = empty
      ? []
      : [
          create(NotifyChannelSchema, {
            id: "c1",
            kind: "mail",
            address: "anna@example.ru",
            confirmed: true,
            sentMs: ms(now - 6 * MINUTE),
          }),
          create(NotifyChannelSchema, {
            id: "c2",
            kind: "telegram",
            address: "@anna",
            confirmed: true,
            fault: "address",
            error: "403 Forbidden: bot was blocked by the user",
            failedMs: ms(now - 6 * MINUTE),
          }),
          create(NotifyChannelSchema, { id: "c3", kind: "sms", address: "+79161234567" }),
        ];
    this.hooks = empty
      ? []
      : [
          create(WebhookSchema, {
            id: "h1",
            name: "Учётная система",
            url: "https://erp.example.ru/hooks/chekan",
            events: ["device", "silence"],
            sentMs: ms(now - 6 * MINUTE),
          }),
          create(WebhookSchema, {
            id: "h2",
            name: "Дежурный чат",
            url: "https://chat.example.ru/in?room=kassa",
            nodeId: "north",
            node: "Север",
            fault: "answer",
            error: "502 bad gateway",
            failedMs: ms(now - 3 * HOUR),
          }),
        ];
    this.deliveries = empty
      ? []
      : [
          create(DeliverySchema, {
            id: "7k2m9x5wbq3r8s1t",
            event: "device",
            state: "failed",
            createdMs: ms(now - 3 * HOUR),
            body: '{"id":"7k2m9x5wbq3r8s1t","event":"device","kind":"began","tills":[{"id":"t1","name":"Касса 2"}]}',
            attempts: [
              {
                atMs: ms(now - 2 * HOUR),
                status: 502,
                tookMs: 311,
                fault: "answer",
                error: "502 bad gateway",
                answer: "bad gateway",
              },
              { atMs: ms(now - 3 * HOUR), status: 0, tookMs: 15_000, fault: "reach", error: "timeout" },
            ],
          }),
        ];
  }

  service(door: () => void): Partial<ServiceImpl<typeof NotifyService>> {
    const manage = () => {
      door();
      if (!this.may().includes("notify:manage")) throw new ConnectError("no", Code.PermissionDenied);
    };
    const put = (rule: NotifyRule | undefined, own: boolean) => {
      const made = create(NotifyRuleSchema, {
        ...(rule ?? create(NotifyRuleSchema)),
        id: rule?.id || `r${this.rules.length + 1}`,
        own,
        node: NODES.find((n) => n.id === rule?.nodeId)?.name ?? "",
      });
      const at = this.rules.findIndex((r) => r.id === made.id);
      this.rules = at < 0 ? [...this.rules, made] : this.rules.with(at, made);
      return { rule: made };
    };
    const drop = (id: string) => {
      this.rules = this.rules.filter((r) => r.id !== id);
      return {};
    };
    return {
      listNotices: ({ events, open, tillId }) => {
        door();
        return {
          notices: this.notices.filter(
            (n) =>
              (events.length === 0 || events.includes(n.event)) &&
              (!open || (n.endedMs === 0n && n.kind !== NoticeKind.ENDED)) &&
              (!tillId || n.tills.some((x) => x.id === tillId)),
          ),
        };
      },
      getNotifyOptions: () => {
        door();
        const manages = this.may().includes("notify:manage");
        return {
          events: EVENTS.map((id) => ({ id })),
          kinds: ["mail", "sms", "telegram"],
          kept: ["sms"],
          roles: manages ? ["administrator", "accountant", "technician"].map((id) => ({ id })) : [],
          nodes: NODES,
          bot: "chekan_bot",
          usual: this.rules.length === 0,
        };
      },
      listNotifyRules: () => {
        door();
        const manages = this.may().includes("notify:manage");
        return { rules: this.rules.filter((r) => r.own || manages) };
      },
      putOwnNotifyRule: ({ rule }) => {
        door();
        return put(rule, true);
      },
      putNotifyRule: ({ rule }) => {
        manage();
        return put(rule, false);
      },
      deleteOwnNotifyRule: ({ id }) => {
        door();
        return drop(id);
      },
      deleteNotifyRule: ({ id }) => {
        manage();
        return drop(id);
      },
      getNotifySettings: () => {
        door();
        return { settings: this.settings };
      },
      setNotifySettings: ({ settings }) => {
        door();
        this.settings = create(NotifySettingsSchema, settings ?? {});
        return { settings: this.settings };
      },
      listNotifyChannels: () => {
        door();
        return { channels: this.channels };
      },
      addNotifyChannel: ({ kind, address }) => {
        door();
        if (kind === "mail" && !address.includes("@"))
          throw new ConnectError("no address", Code.InvalidArgument);
        const channel =
          this.channels.find((c) => c.kind === kind && c.address === address) ??
          create(NotifyChannelSchema, { id: `c${this.channels.length + 1}`, kind, address });
        if (!this.channels.includes(channel)) this.channels = [...this.channels, channel];
        if (kind !== "telegram") return { channel };
        return { channel, code: "k7qf2m9xt5wbq3r8", link: "https://t.me/chekan_bot?start=k7qf2m9xt5wbq3r8" };
      },
      confirmNotifyChannel: ({ id, code }) => {
        door();
        if (code !== "123456") throw new ConnectError("wrong", Code.PermissionDenied);
        this.channels = this.channels.map((c) =>
          c.id === id ? create(NotifyChannelSchema, { ...c, confirmed: true }) : c,
        );
        return { channel: this.channels.find((c) => c.id === id) };
      },
      deleteNotifyChannel: ({ id }) => {
        door();
        this.channels = this.channels.filter((c) => c.id !== id);
        return {};
      },
      testNotifyChannel: () => {
        door();
        return this.test;
      },
      listWebhooks: () => {
        manage();
        return { webhooks: this.hooks };
      },
      putWebhook: ({ webhook, newSecret }) => {
        manage();
        if (!webhook?.url.startsWith("https://e"))
          throw new ConnectError("bad address", Code.InvalidArgument);
        const made = create(WebhookSchema, { ...webhook, id: webhook.id || `h${this.hooks.length + 1}` });
        const at = this.hooks.findIndex((h) => h.id === made.id);
        this.hooks = at < 0 ? [...this.hooks, made] : this.hooks.with(at, made);
        return { webhook: made, secret: at < 0 || newSecret ? "c2VjcmV0LW9mLXRoZS1zaWduYXR1cmUtb25jZQ" : "" };
      },
      deleteWebhook: ({ id }) => {
        manage();
        this.hooks = this.hooks.filter((h) => h.id !== id);
        return {};
      },
      testWebhook: () => {
        manage();
        return { delivery: { id: "d", event: "test", state: "sent", attempts: [{ status: 204 }] } };
      },
      listDeliveries: ({ failed }) => {
        manage();
        return { deliveries: this.deliveries.filter((d) => !failed || d.state === "failed") };
      },
      resendDelivery: ({ id }) => {
        manage();
        this.deliveries = this.deliveries.map((d) =>
          d.id === id
            ? create(DeliverySchema, {
                ...d,
                state: "sent",
                attempts: [
                  {
                    $typeName: "cabinet.v1.DeliveryAttempt",
                    atMs: ms(this.now),
                    status: 204,
                    tookMs: 20,
                    fault: "",
                    error: "",
                    answer: "",
                  },
                  ...d.attempts,
                ],
              })
            : d,
        );
        return { delivery: this.deliveries.find((d) => d.id === id) };
      },
    };
  }
}
