/** Coming in, in memory: passwords, second factors, sessions that run out, codes, devices. */
import { clone, create, type MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import {
  type AccessService,
  Channel,
  ContactChangeSchema,
  type Device,
  DeviceSchema,
  Factor,
  GetSecurityResponseSchema,
  PasswordReason,
  PersonSchema,
  type StandingSchema,
} from "../gen/cabinet/v1/access_pb";
import type { ContactsSchema } from "../gen/cabinet/v1/organisation_pb";

const micros = (ms: number) => BigInt(Math.round(ms)) * 1000n;

/** A refusal with the word that says why, or the field that is wrong. */
export function refusal(code: Code, words: { reason?: string; field?: string } = {}): ConnectError {
  const headers = new Headers();
  if (words.reason) headers.set("Chekan-Reason", words.reason);
  if (words.field) headers.set("Chekan-Field", words.field);
  return new ConnectError(words.field ?? words.reason ?? "refused", code, headers);
}

/** The code that every message of the fake carries. */
export const CODE = "123456";
export const RECOVERY = "RECO-VERY-0001";

export class FakeAccess {
  signedIn = true;
  /** The short cookie ran out: calls are refused until Refresh. */
  stale = false;
  /** Refresh is refused too. */
  dead = false;
  /** The person has proven themselves lately. */
  proven = true;
  /** The second factor is asked for at sign-in. */
  factors: Factor[] = [];
  signUp = true;
  oidc = "";
  /** Who keeps the cabinet, when its settings say. */
  support: MessageInitShape<typeof ContactsSchema> | undefined;
  passkeys = true;
  standing: MessageInitShape<typeof StandingSchema> = {};
  /** What was asked, in its order: names of methods. */
  readonly calls: string[] = [];
  /** Requests by method, the last of each. */
  readonly last: Record<string, unknown> = {};
  readonly security;
  devices: Device[];
  /** The tax id of the sign-up belongs to somebody. */
  taken = false;
  invitation = { known: false, gone: false };

  constructor(
    readonly now: number,
    readonly person: MessageInitShape<typeof PersonSchema>,
  ) {
    this.security = create(GetSecurityResponseSchema, {
      login: "admin",
      name: String(person.name ?? ""),
      email: "anna@romashka.example",
      phone: "+79161234567",
      language: "ru",
      passkeysPossible: true,
      mayRequire: true,
      passwordAt: micros(now - 40 * 86_400_000),
    });
    this.devices = [
      create(DeviceSchema, {
        id: "d1",
        browser: "Firefox, Windows",
        address: "203.0.113.5",
        createdAt: micros(now - 86_400_000),
        seenAt: micros(now),
        current: true,
        remembered: true,
      }),
      create(DeviceSchema, {
        id: "d2",
        browser: "Chrome, Android",
        address: "203.0.113.77",
        createdAt: micros(now - 9 * 86_400_000),
        seenAt: micros(now - 3 * 86_400_000),
      }),
    ];
  }

  /** What every call behind the door does first. */
  door() {
    if (!this.signedIn) throw new ConnectError("no session", Code.Unauthenticated);
    if (this.stale) throw new ConnectError("session ran out", Code.Unauthenticated);
  }

  /** What a dangerous call does first. */
  prove() {
    this.door();
    if (!this.proven) throw refusal(Code.FailedPrecondition, { reason: "prove" });
  }

  service(answer: () => void): Partial<ServiceImpl<typeof AccessService>> {
    const person = () => create(PersonSchema, this.person);
    const attempt = (ticket: string, hints: string[] = []) => ({
      ticket,
      expiresAt: micros(this.now + 15 * 60_000),
      againAt: micros(Date.now() + 60_000), // a minute from when it is sent
      hints,
    });
    const note = (name: string, request: unknown) => {
      answer();
      this.calls.push(name);
      this.last[name] = request;
    };
    const code = (given: string, field: string) => {
      if (given !== CODE) throw refusal(Code.InvalidArgument, { field });
    };
    const challenge = () => ({ ticket: "challenge", factors: this.factors, passkeyOptions: "{}" });
    const weak = (password: string) => [...password].length < 10;
    return {
      getEntrance: () => {
        answer();
        return {
          signUp: this.signUp,
          oidc: this.oidc,
          passkeys: this.passkeys,
          terms: "2026-11",
          minLength: 10,
          maxLength: 128,
          minStrength: 2,
          support: this.support,
        };
      },
      signIn: (r) => {
        note("signIn", r);
        if (r.password !== "secret") throw new ConnectError("wrong", Code.Unauthenticated);
        if (this.factors.length > 0) return { challenge: challenge() };
        this.signedIn = true;
        return { person: person() };
      },
      getChallenge: ({ ticket }) => {
        answer();
        if (ticket === "late") throw refusal(Code.InvalidArgument, { field: "code", reason: "expired" });
        return { challenge: { ...challenge(), ticket } };
      },
      finishSignIn: (r) => {
        note("finishSignIn", r);
        const good = { totp: CODE, recovery: RECOVERY, passkey: r.answer.value };
        if (!r.answer.case || r.answer.value !== good[r.answer.case])
          throw new ConnectError("wrong", Code.Unauthenticated);
        this.signedIn = true;
        return { person: person() };
      },
      signOut: () => {
        answer();
        this.signedIn = false;
        return {};
      },
      whoAmI: () => {
        answer();
        this.door();
        return { person: person(), standing: this.standing };
      },
      refresh: () => {
        note("refresh", {});
        if (!this.signedIn || this.dead) throw new ConnectError("over", Code.Unauthenticated);
        this.stale = false;
        return { seconds: 900 };
      },
      startSignUp: (r) => {
        note("startSignUp", r);
        if (r.phone.includes("000"))
          throw refusal(Code.InvalidArgument, { field: "phone", reason: "mobile" });
        return { attempt: attempt("signup", ["+7 916 •••-••-67", "a•••@romashka.example"]) };
      },
      confirmSignUp: (r) => {
        note("confirmSignUp", r);
        code(r.phoneCode, "phone_code");
        code(r.emailCode, "email_code");
        if (this.taken) return { requested: true };
        this.signedIn = true;
        return { person: person() };
      },
      sendCodeAgain: (r) => {
        note("sendCodeAgain", r);
        return { attempt: attempt(r.ticket) };
      },
      getInvitation: () => {
        answer();
        if (this.invitation.gone) throw new ConnectError("gone", Code.NotFound);
        return {
          organisation: "ООО «Ромашка»",
          by: "Анна Соколова",
          role: "Бухгалтер",
          contact: "vera@romashka.example",
          known: this.invitation.known,
          expiresAt: micros(this.now + 3 * 86_400_000),
        };
      },
      acceptInvitation: (r) => {
        note("acceptInvitation", r);
        if (this.invitation.known && !this.signedIn && r.password !== "secret")
          throw new ConnectError("wrong", Code.Unauthenticated);
        this.signedIn = true;
        return { person: person(), organisationId: "o1" };
      },
      checkPassword: (r) => {
        answer();
        return weak(r.password)
          ? { strength: 0, good: false, reasons: [PasswordReason.SHORT] }
          : { strength: 3, good: true };
      },
      generatePassword: () => ({ password: "Вишня-Парус-Молот-17" }),
      changePassword: (r) => {
        note("changePassword", r);
        this.door();
        if (r.current !== "secret") throw refusal(Code.InvalidArgument, { field: "current" });
        if (weak(r.next)) throw refusal(Code.InvalidArgument, { field: "password" });
        return {};
      },
      startReset: (r) => {
        note("startReset", r);
        return { attempt: attempt("reset") };
      },
      finishReset: (r) => {
        note("finishReset", r);
        code(r.code, "code");
        if (weak(r.password)) throw refusal(Code.InvalidArgument, { field: "password" });
        return {};
      },
      listDevices: () => {
        answer();
        this.door();
        return { devices: this.devices };
      },
      revokeDevice: ({ id }) => {
        this.door();
        this.devices = this.devices.filter((d) => d.id !== id);
        return {};
      },
      revokeOtherDevices: () => {
        this.door();
        const revoked = this.devices.filter((d) => !d.current).length;
        this.devices = this.devices.filter((d) => d.current);
        return { revoked };
      },
      getSecurity: () => {
        answer();
        this.door();
        return clone(GetSecurityResponseSchema, this.security);
      },
      setProfile: (r) => {
        note("setProfile", r);
        this.security.name = r.name;
        this.person.name = r.name;
        return {};
      },
      acceptTerms: (r) => {
        note("acceptTerms", r);
        this.standing = { ...this.standing, termsDue: "" };
        return {};
      },
      beginTOTP: (r) => {
        note("beginTOTP", r);
        this.prove();
        return {
          uri: "otpauth://totp/Chekan:admin?secret=JBSWY3DPEHPK3PXP",
          secret: "JBSW Y3DP EHPK 3PXP",
          qrSvg:
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 21 21"><path d="M0 0h7v7H0zM14 0h7v7h-7zM0 14h7v7H0zM9 9h3v3H9z"/></svg>',
        };
      },
      confirmTOTP: (r) => {
        this.prove();
        code(r.code, "code");
        this.security.totpAt = micros(this.now);
        this.security.recoveryCodes = 2;
        this.standing = { ...this.standing, factorDue: false };
        return { recoveryCodes: [RECOVERY, "RECO-VERY-0002"] };
      },
      removeTOTP: () => {
        this.prove();
        this.security.totpAt = 0n;
        this.security.recoveryCodes = 0;
        return {};
      },
      renewRecoveryCodes: () => {
        this.prove();
        this.security.recoveryCodes = 2;
        return { recoveryCodes: ["NEWC-ODES-0001", "NEWC-ODES-0002"] };
      },
      renamePasskey: ({ id, name }) => {
        this.door();
        const key = this.security.passkeys.find((k) => k.id === id);
        if (!key) throw new ConnectError("none", Code.NotFound);
        key.name = name;
        return {};
      },
      removePasskey: ({ id }) => {
        this.prove();
        this.security.passkeys = this.security.passkeys.filter((k) => k.id !== id);
        return {};
      },
      startContactChange: (r) => {
        note("startContactChange", r);
        this.prove();
        return { attempt: attempt("contact", ["+7 916 •••-••-68"]), oldCode: !r.lost };
      },
      confirmContactChange: (r) => {
        note("confirmContactChange", r);
        code(r.code, "code");
        const asked = this.last.startContactChange as { channel: Channel; value: string; lost: boolean };
        if (!asked.lost) code(r.oldCode, "old_code");
        const at = asked.lost ? micros(this.now + 86_400_000) : 0n;
        if (asked.lost) {
          const { channel, value } = asked;
          this.security.pending = create(ContactChangeSchema, { channel, value, at });
        } else if (asked.channel === Channel.PHONE) this.security.phone = asked.value;
        else this.security.email = asked.value;
        return { at };
      },
      cancelContactChange: (r) => {
        note("cancelContactChange", r);
        if (r.token === "gone") throw new ConnectError("none", Code.NotFound);
        this.security.pending = undefined;
        return {};
      },
      beginProof: () => ({
        challenge: { ticket: "proof", factors: [Factor.PASSWORD, ...this.factors], passkeyOptions: "{}" },
      }),
      prove: (r) => {
        note("prove", r);
        const good =
          r.answer.case === "password"
            ? r.answer.value === "secret"
            : r.answer.case === "totp" && r.answer.value === CODE;
        if (!good) throw new ConnectError("wrong", Code.PermissionDenied);
        this.proven = true;
        return { provenUntil: micros(this.now + 600_000) };
      },
      setFactorRule: ({ required }) => {
        this.prove();
        this.security.organisationRequires = required;
        return {};
      },
    };
  }
}
