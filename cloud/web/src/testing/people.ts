/** A company with its people in memory: invitations, roles, service centres, keys. */
import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import {
  type Company,
  CompanySchema,
  ContactsSchema,
  type Grant,
  GrantSchema,
  GrantState,
  type Invitation,
  InvitationSchema,
  type Key,
  KeySchema,
  type Member,
  MemberSchema,
  OrganisationKind,
  OrganisationSchema,
  type OrganisationService,
  type Role,
  RoleSchema,
} from "../gen/cabinet/v1/organisation_pb";
import { PlaceKind } from "../gen/cabinet/v1/tree_pb";

const DAY = 86_400_000;

/** A refusal as the cabinet tells it: a word, and the values of its sentence. */
export function refused(code: Code, reason: string, args: Record<string, string> = {}): ConnectError {
  return new ConnectError(reason, code, {
    "Chekan-Reason": reason,
    "Chekan-Args": new URLSearchParams(args).toString(),
  });
}

const NODES = [
  { id: "", kind: PlaceKind.ORGANISATION, name: "ООО «Ромашка»", depth: 0, parentId: "" },
  { id: "north", kind: PlaceKind.DEPARTMENT, name: "Север", depth: 1, parentId: "" },
  { id: "shop", kind: PlaceKind.OUTLET, name: "Мира, 5", depth: 2, parentId: "north" },
  { id: "till-1", kind: PlaceKind.TILL, name: "Касса 1", depth: 3, parentId: "shop" },
  { id: "south", kind: PlaceKind.OUTLET, name: "Южная, 12 (торговый центр)", depth: 1, parentId: "" },
];

const PERMISSIONS = [
  "tills:view",
  "tills:recover",
  "tills:configure",
  "tills:decide",
  "documents:view",
  "money:view",
  "updates:manage",
  "people:manage",
  "api:manage",
  "audit:view",
  "notify:manage",
];

export class FakePeople {
  organisation = create(OrganisationSchema, {
    id: "o1",
    kind: OrganisationKind.OWNER,
    country: "ru",
    taxId: "7707083893",
    name: "ООО «Ромашка»",
    email: "office@romashka.example",
    phone: "+74951234567",
    hours: "пн–пт 9:00–18:00",
    address: "Москва, ул. Лесная, 7",
    createdMs: 1_760_000_000_000n,
  });
  people: Member[];
  invitations: Invitation[];
  roles: Role[];
  grants: Grant[];
  clients: Grant[] = [];
  keys: Key[];
  companies: Company[];
  /** The next act is refused by this. */
  refuse: ConnectError | undefined;
  /** What was asked last, by method. */
  readonly last: Record<string, unknown> = {};

  constructor(readonly now: number) {
    const ms = (ago: number) => BigInt(Math.floor(now - ago));
    const a = (role: string, nodeId = "", nodeName = "", roleName = "") => ({
      role,
      nodeId,
      nodeName,
      roleName,
      nodeKind: NODES.find((n) => n.id === nodeId)?.kind ?? PlaceKind.UNSPECIFIED,
    });
    this.people = [
      create(MemberSchema, {
        id: "p1",
        login: "anna@romashka.example",
        name: "Анна Соколова",
        assignments: [a("administrator")],
        seenMs: ms(2000),
        sinceMs: ms(400 * DAY),
        me: true,
        lastAdministrator: true,
      }),
      create(MemberSchema, {
        id: "p2",
        login: "boris@romashka.example",
        name: "Борис Ильин",
        assignments: [a("accountant"), a("r1", "shop", "Мира, 5", "Старший смены")],
        seenMs: ms(3 * 3_600_000),
        sinceMs: ms(100 * DAY),
        mayRemove: true,
      }),
      create(MemberSchema, {
        id: "p3",
        login: "+79161234567",
        name: "Вера Константиновна Преображенская",
        assignments: [a("technician", "north", "Север")],
        sinceMs: ms(5 * DAY),
        blockedMs: ms(DAY),
        mayRemove: true,
        elsewhere: true,
      }),
    ];
    this.invitations = [
      create(InvitationSchema, {
        id: "i1",
        recipient: "galina@romashka.example",
        name: "Галина",
        assignments: [a("manager", "south", "Южная, 12 (торговый центр)")],
        createdMs: ms(DAY),
        createdBy: "Анна Соколова (anna@romashka.example)",
        sentMs: ms(DAY),
        expiresMs: ms(-6 * DAY),
      }),
      create(InvitationSchema, {
        id: "i2",
        recipient: "+79035556677",
        assignments: [a("viewer", "shop", "Мира, 5")],
        createdMs: ms(9 * DAY),
        createdBy: "Анна Соколова (anna@romashka.example)",
        expiresMs: ms(2 * DAY),
      }),
    ];
    const usual = (id: string, permissions: string[], used = 0) =>
      create(RoleSchema, { id, permissions, used, usual: true, mayGive: true });
    this.roles = [
      usual("administrator", PERMISSIONS, 1),
      usual("manager", ["documents:view", "money:view", "tills:view"], 1),
      usual("accountant", ["documents:view", "money:view", "tills:view"], 2),
      usual("technician", ["documents:view", "tills:recover", "tills:view"], 1),
      usual("viewer", ["tills:view"], 1),
      create(RoleSchema, {
        id: "r1",
        name: "Старший смены",
        permissions: ["tills:decide", "tills:view"],
        used: 1,
        mayGive: true,
      }),
      create(RoleSchema, { id: "r2", name: "Склад", permissions: ["tills:view"], mayGive: true }),
    ];
    const g = (id: string, state: GrantState, party: string, more: Partial<Grant> = {}) =>
      Object.assign(
        create(GrantSchema, {
          id,
          state,
          party,
          organisationId: "o1",
          nodeKind: PlaceKind.ORGANISATION,
          offeredMs: ms(30 * DAY),
        }),
        more,
      );
    this.grants = [
      g("g1", GrantState.OFFERED, "ЦТО «Мастер касс»", { offeredMs: ms(3_600_000) }),
      g("g2", GrantState.ACTIVE, "ООО «КассСервис»", {
        nodeId: "north",
        nodeName: "Север",
        nodeKind: PlaceKind.DEPARTMENT,
        givenMs: ms(30 * DAY),
        givenBy: "anna@romashka.example",
        endsMs: ms(-60 * DAY),
        contacts: create(ContactsSchema, {
          name: "ООО «КассСервис»",
          phone: "+78432001020",
          email: "help@kasservice.example",
          hours: "пн–пт 9:00–18:00, сб 10:00–14:00",
        }),
      }),
      g("g3", GrantState.REVOKED, "ИП Петров", {
        givenMs: ms(90 * DAY),
        givenBy: "anna@romashka.example",
        revokedMs: ms(40 * DAY),
      }),
    ];
    this.keys = [
      create(KeySchema, {
        id: "k1",
        name: "1С: Бухгалтерия",
        hint: "q7Xd",
        assignment: a("accountant"),
        createdMs: ms(50 * DAY),
        createdBy: "anna@romashka.example",
        expiresMs: ms(-300 * DAY),
        seenMs: ms(60_000),
      }),
      create(KeySchema, {
        id: "k2",
        name: "Табло в зале",
        hint: "Zk0_",
        assignment: a("viewer", "shop", "Мира, 5"),
        createdMs: ms(3 * DAY),
        createdBy: "anna@romashka.example",
      }),
      create(KeySchema, {
        id: "k3",
        name: "Старая выгрузка",
        hint: "aa11",
        assignment: a("accountant"),
        createdMs: ms(500 * DAY),
        createdBy: "anna@romashka.example",
        revokedMs: ms(200 * DAY),
      }),
    ];
    this.companies = [
      create(CompanySchema, { id: "o1", name: "ООО «Ромашка»", kind: OrganisationKind.OWNER, country: "ru" }),
    ];
  }

  /** Makes the person work in three companies of two countries. */
  several() {
    this.companies = [
      create(CompanySchema, {
        id: "o1",
        name: "ООО «Ромашка»",
        kind: OrganisationKind.OWNER,
        country: "ru",
        taxId: "7707083893",
        green: 12,
        yellow: 2,
        red: 1,
        grey: 1,
        undecided: 3,
        revenue: { today: 5_812_350n, yesterday: 7_434_000n, month: 148_523_905n, currency: "RUB" },
      }),
      create(CompanySchema, {
        id: "o2",
        name: "ТОО «Дәмді нан» (пекарни Алматы и области)",
        kind: OrganisationKind.OWNER,
        country: "kz",
        green: 4,
        revenue: { today: 18_000_000n, yesterday: 21_550_000n, month: 512_000_000n, currency: "KZT" },
      }),
      create(CompanySchema, {
        id: "o3",
        name: "ООО «КассСервис»",
        kind: OrganisationKind.SERVICE,
        country: "ru",
        green: 120,
        yellow: 9,
        red: 4,
      }),
      create(CompanySchema, { id: "o4", name: "ИП Соколова", kind: OrganisationKind.OWNER, unread: true }),
    ];
  }

  /** Makes the company a service centre with two clients. */
  centre() {
    Object.assign(this.organisation, { kind: OrganisationKind.SERVICE, partnerCode: "K7QF-2M9X" });
    this.clients = this.grants
      .slice(0, 2)
      .map((x, i) =>
        create(GrantSchema, { ...x, party: ["ООО «Ромашка»", "ТОО «Дәмді нан»"][i] ?? "", givenBy: "" }),
      );
  }

  service(door: () => void): Partial<ServiceImpl<typeof OrganisationService>> {
    const act = (method: string, r: unknown) => {
      door();
      this.last[method] = r;
      const error = this.refuse;
      this.refuse = undefined;
      if (error) throw error;
    };
    const named = (list: readonly { role: string; nodeId: string }[]) =>
      list.map((x) => ({
        role: x.role,
        nodeId: x.nodeId,
        roleName: this.roles.find((r) => r.id === x.role)?.name ?? "",
        nodeName: NODES.find((n) => n.id === x.nodeId && n.id !== "")?.name ?? "",
        nodeKind: NODES.find((n) => n.id === x.nodeId)?.kind ?? PlaceKind.UNSPECIFIED,
      }));
    const ms = BigInt(this.now);
    const none = () => new ConnectError("none", Code.NotFound);
    return {
      getOrganisation: () => {
        door();
        return { organisation: this.organisation, mayChange: true };
      },
      updateOrganisation: (r) => {
        act("updateOrganisation", r);
        const { name, country, taxId, email, phone, address, hours } = r.organisation ?? this.organisation;
        Object.assign(this.organisation, { name, country, taxId, email, phone, address, hours });
        return { organisation: this.organisation };
      },
      createOrganisation: (r) => {
        act("createOrganisation", r);
        return { organisation: create(OrganisationSchema, { id: "o9", name: r.organisation?.name ?? "" }) };
      },
      listCompanies: ({ namesOnly }) => {
        door();
        return {
          companies: namesOnly
            ? this.companies.map((c) => create(CompanySchema, { id: c.id, name: c.name }))
            : this.companies,
        };
      },
      listNodes: () => {
        door();
        return { nodes: NODES };
      },
      listPeople: () => {
        door();
        return { people: this.people, invitations: this.invitations };
      },
      invitePerson: (r) => {
        act("invitePerson", r);
        const invitation = create(InvitationSchema, {
          id: `i${this.invitations.length + 1}`,
          recipient: r.recipient,
          name: r.name,
          assignments: named(r.assignments),
          createdMs: ms,
          createdBy: "admin",
          sentMs: ms,
          expiresMs: ms + BigInt(7 * DAY),
        });
        this.invitations = [invitation, ...this.invitations];
        return { invitation };
      },
      resendInvitation: (r) => {
        act("resendInvitation", r);
        const invitation = this.invitations.find((x) => x.id === r.id);
        if (!invitation) throw none();
        invitation.sentMs = ms;
        return { invitation };
      },
      revokeInvitation: (r) => {
        act("revokeInvitation", r);
        this.invitations = this.invitations.filter((x) => x.id !== r.id);
        return {};
      },
      setRights: (r) => {
        act("setRights", r);
        const person = this.people.find((x) => x.id === r.personId);
        if (!person) throw none();
        person.assignments = create(MemberSchema, { assignments: named(r.assignments) }).assignments;
        return { person };
      },
      blockPerson: (r) => {
        act("blockPerson", r);
        const person = this.people.find((x) => x.id === r.personId);
        if (!person) throw none();
        person.blockedMs = r.blocked ? ms : 0n;
        return { person };
      },
      removePerson: (r) => {
        act("removePerson", r);
        this.people = this.people.filter((x) => x.id !== r.personId);
        return {};
      },
      listRoles: () => {
        door();
        return { roles: this.roles, permissions: PERMISSIONS };
      },
      putRole: (r) => {
        act("putRole", r);
        const role = create(RoleSchema, {
          id: r.role?.id || "r9",
          name: r.role?.name ?? "",
          permissions: r.role?.permissions ?? [],
          mayGive: true,
        });
        this.roles = [...this.roles.filter((x) => x.id !== role.id), role];
        return { role };
      },
      deleteRole: (r) => {
        act("deleteRole", r);
        this.roles = this.roles.filter((x) => x.id !== r.id);
        return {};
      },
      listGrants: () => {
        door();
        return { grants: this.grants };
      },
      findServiceCentre: ({ partnerCode }) => {
        door();
        if (partnerCode !== "K7QF2M9X") throw refused(Code.NotFound, "no_centre");
        return { name: "ЦТО «Мастер касс»", taxId: "7736050003", country: "ru" };
      },
      giveGrant: (r) => {
        act("giveGrant", r);
        const grant = create(GrantSchema, {
          ...named([{ role: "", nodeId: r.nodeId }])[0],
          id: "g9",
          state: GrantState.ACTIVE,
          party: "ЦТО «Мастер касс»",
          givenMs: ms,
          endsMs: r.endsMs,
        });
        this.grants = [grant, ...this.grants];
        return { grant };
      },
      acceptGrant: (r) => {
        act("acceptGrant", r);
        const grant = this.grants.find((x) => x.id === r.id);
        if (!grant) throw none();
        Object.assign(grant, { state: GrantState.ACTIVE, givenMs: ms, endsMs: r.endsMs, nodeId: r.nodeId });
        return { grant };
      },
      prolongGrant: (r) => {
        act("prolongGrant", r);
        const grant = this.grants.find((x) => x.id === r.id);
        if (!grant) throw none();
        grant.endsMs = r.endsMs;
        return { grant };
      },
      revokeGrant: (r) => {
        act("revokeGrant", r);
        const grant = this.grants.find((x) => x.id === r.id);
        if (!grant) throw none();
        Object.assign(grant, { state: GrantState.REVOKED, revokedMs: ms });
        return { grant };
      },
      listClients: () => {
        door();
        return { grants: this.clients, partnerCode: this.organisation.partnerCode };
      },
      listKeys: () => {
        door();
        return { keys: this.keys };
      },
      createKey: (r) => {
        act("createKey", r);
        const key = create(KeySchema, {
          id: "k9",
          name: r.name,
          hint: "wXyZ",
          assignment: r.assignment ? named([r.assignment])[0] : undefined,
          createdMs: ms,
          createdBy: "admin",
          expiresMs: r.expiresMs,
        });
        this.keys = [key, ...this.keys];
        return { key, secret: "chk_Zm9yIHRlc3RzIG9ubHksIG9mIG5vIGNhYmluZXQwXyZ" };
      },
      revokeKey: (r) => {
        act("revokeKey", r);
        const key = this.keys.find((x) => x.id === r.id);
        if (!key) throw none();
        key.revokedMs = ms;
        return {};
      },
    };
  }
}
