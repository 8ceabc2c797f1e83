import { Code, ConnectError, createClient, createRouterTransport } from "@connectrpc/connect";
import { afterEach, expect, test } from "vitest";
import { AccessService } from "../gen/cabinet/v1/access_pb";
import { FleetService } from "../gen/cabinet/v1/fleet_pb";
import { refusal } from "../testing/access";
import { guarded, reasonOf } from "./guard";

afterEach(() => localStorage.clear());

/** A cabinet whose session has run out; `renewals` is how many times it can be renewed. */
function cabinet(o: { renewals: number; silent?: boolean }) {
  const calls: string[] = [];
  let over = true;
  const door = (name: string) => {
    calls.push(name);
    if (over) throw new ConnectError("over", Code.Unauthenticated);
  };
  const transport = guarded(
    createRouterTransport(({ service }) => {
      service(AccessService, {
        refresh: () => {
          calls.push("refresh");
          if (o.silent) throw new ConnectError("away", Code.Unavailable);
          if (o.renewals-- <= 0) throw new ConnectError("no session", Code.Unauthenticated);
          over = false;
          return {};
        },
        signIn: () => {
          calls.push("signIn");
          throw new ConnectError("wrong password", Code.Unauthenticated);
        },
      });
      service(FleetService, {
        listTills: () => {
          door("listTills");
          return {};
        },
        watch: async function* () {
          door("watch");
          yield {};
          over = true;
          throw new ConnectError("over", Code.Unauthenticated);
        },
      });
    }),
  );
  return {
    calls,
    fleet: createClient(FleetService, transport),
    access: createClient(AccessService, transport),
  };
}

test("a session that ran out is renewed, and the call made again, unseen", async () => {
  const { calls, fleet } = cabinet({ renewals: 1 });
  await fleet.listTills({});
  expect(calls).toEqual(["listTills", "refresh", "listTills"]);
});

test("several calls at once renew it once", async () => {
  const { calls, fleet } = cabinet({ renewals: 1 });
  await Promise.all([fleet.listTills({}), fleet.listTills({}), fleet.listTills({})]);
  expect(calls.filter((c) => c === "refresh")).toHaveLength(1);
  expect(calls.filter((c) => c === "listTills")).toHaveLength(6);
});

test("what another window has renewed meanwhile is not renewed again", async () => {
  const { calls, fleet } = cabinet({ renewals: 0 });
  localStorage.setItem("chekan.renewed", String(Date.now() + 600_000));
  await expect(fleet.listTills({})).rejects.toThrow("over");
  expect(calls).toEqual(["listTills", "listTills"]);
});

test("who has no session to renew hears so", async () => {
  const { calls, fleet } = cabinet({ renewals: 0 });
  await expect(fleet.listTills({})).rejects.toMatchObject({ code: Code.Unauthenticated });
  expect(calls).toEqual(["listTills", "refresh"]);
});

test("silence is not the end of a session", async () => {
  const { fleet } = cabinet({ renewals: 1, silent: true });
  await expect(fleet.listTills({})).rejects.toMatchObject({ code: Code.Unavailable });
});

test("a wrong password is an answer", async () => {
  const { calls, access } = cabinet({ renewals: 1 });
  await expect(access.signIn({})).rejects.toThrow("wrong password");
  expect(calls).toEqual(["signIn"]);
});

test("a stream that finds the session over begins again; one that was cut is its reader's care", async () => {
  const { calls, fleet } = cabinet({ renewals: 2 });
  const heard: unknown[] = [];
  const listen = async () => {
    for await (const x of fleet.watch({})) heard.push(x);
  };
  await expect(listen()).rejects.toMatchObject({ code: Code.Unauthenticated });
  expect(calls).toEqual(["watch", "refresh", "watch"]);
  expect(heard).toHaveLength(1);
});

test("without a window to ask in, what wants proof is refused", async () => {
  const transport = guarded(
    createRouterTransport(({ service }) => {
      service(AccessService, {
        beginTOTP: () => {
          throw refusal(Code.FailedPrecondition, { reason: "prove" });
        },
      });
    }),
  );
  const error = await createClient(AccessService, transport)
    .beginTOTP({})
    .catch((e: unknown) => e);
  expect(reasonOf(error)).toBe("prove");
});
