import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient, createRouterTransport } from "@connectrpc/connect";
import { beforeEach, expect, test } from "vitest";
import { AccessService, PersonSchema } from "../gen/cabinet/v1/access_pb";
import { OrganisationService } from "../gen/cabinet/v1/organisation_pb";
import { chooseOrganisation, chosenOrganisation, inOrganisation } from "./organisation";
import { endOf } from "./term";

beforeEach(() => {
  chooseOrganisation("");
});

/** A cabinet that lets the person into o1 only, and says which organisation each call named. */
function cabinet() {
  const heard: string[] = [];
  const door = (header: Headers) => {
    const id = header.get("Chekan-Organisation") ?? "";
    heard.push(id);
    if (id !== "" && id !== "o1") throw new ConnectError("no", Code.PermissionDenied);
  };
  const transport = createRouterTransport(
    ({ service }) => {
      service(AccessService, {
        whoAmI: (_, ctx) => {
          door(ctx.requestHeader);
          return { person: create(PersonSchema, { id: "p1" }) };
        },
      });
      service(OrganisationService, {
        listRoles: (_, ctx) => {
          door(ctx.requestHeader);
          return {};
        },
      });
    },
    { transport: { interceptors: [inOrganisation] } },
  );
  return {
    heard,
    access: createClient(AccessService, transport),
    people: createClient(OrganisationService, transport),
  };
}

test("every call names the chosen organisation, and none when none was chosen", async () => {
  const { heard, people } = cabinet();
  await people.listRoles({});
  chooseOrganisation("o1");
  await people.listRoles({});
  expect(heard).toEqual(["", "o1"]);
});

test("a company one does not work in any more is forgotten when one asks who one is", async () => {
  const { heard, access } = cabinet();
  chooseOrganisation("gone");
  expect((await access.whoAmI({})).person?.id).toBe("p1");
  expect(heard).toEqual(["gone", ""]);
  expect(chosenOrganisation()).toBe("");
});

test("another call that is refused forgets nothing", async () => {
  const { people } = cabinet();
  chooseOrganisation("gone");
  await expect(people.listRoles({})).rejects.toThrow();
  expect(chosenOrganisation()).toBe("gone");
});

test("ends of terms", () => {
  const end = (term: Parameters<typeof endOf>[0], now: Date, day = "") => {
    const ms = endOf(term, day, now);
    return ms === undefined ? undefined : ms === 0n ? "never" : new Date(Number(ms)).toString().slice(4, 24);
  };
  const at = new Date(2026, 0, 31, 12, 0, 0);
  expect(end("month", at)).toBe("Feb 28 2026 12:00:00");
  expect(end("quarter", at)).toBe("Apr 30 2026 12:00:00");
  expect(end("year", new Date(2028, 1, 29, 12, 0, 0))).toBe("Feb 28 2029 12:00:00");
  expect(end("none", at)).toBe("never");
  expect(end("day", at)).toBeUndefined();
  expect(end("day", at, "2026-03-04")).toBe("Mar 04 2026 23:59:59");
});
