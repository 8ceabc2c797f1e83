import { create } from "@bufbuild/protobuf";
import { useMutation } from "@connectrpc/connect-query";
import { Anchor, Button, Checkbox, SegmentedControl, Stack, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useNavigate, useSearchParams } from "react-router";
import { AccessService, type Attempt, AttemptSchema, Channel } from "../gen/cabinet/v1/access_pb";
import { langOf } from "../ui/format";
import { Nothing } from "../ui/Nothing";
import { SendAgain } from "./Codes";
import { Entry, Said } from "./Entry";
import { useCameIn, useEntrance } from "./entrance";
import { CodeInput } from "./Factor";
import { ToSignIn } from "./fields";
import { fieldOf } from "./guard";
import { NewPassword, useStrength } from "./NewPassword";
import { type Country, digitsOf, emailLooksRight, phoneLooksRight, taxTrouble } from "./taxid";
import { useReason, useSay } from "./trouble";
import "./access.css";

const STEPS = ["company", "contacts", "password", "codes"] as const;
type Step = (typeof STEPS)[number];

type Kind = "owner" | "service";

/** On which step a field of the request stands. */
const STEP_OF: Readonly<Record<string, Step>> = {
  country: "company",
  tax_id: "company",
  organisation: "company",
  name: "contacts",
  email: "contacts",
  phone: "contacts",
  password: "password",
  partner_code: "password",
  terms: "password",
};

/** A new organisation: who it is, who you are, the password, the codes. */
export default function SignUp() {
  const { t, i18n } = useTranslation();
  const navigate = useNavigate();
  const cameIn = useCameIn();
  const entrance = useEntrance();
  const [params, setParams] = useSearchParams();
  const ticket = params.get("ticket") ?? "";
  const [step, setStep] = useState<Step>(ticket ? "codes" : "company");
  const [form, setForm] = useState({
    country: "ru" as Country,
    kind: "owner" as Kind,
    taxId: "",
    organisation: "",
    name: "",
    phone: "",
    email: "",
    password: "",
    partner: "",
    terms: false,
  });
  const [attempt, setAttempt] = useState<Attempt>(() => create(AttemptSchema, { ticket }));
  const [checked, setChecked] = useState(false);
  const [requested, setRequested] = useState(false);
  const own = [form.name, form.email, form.phone, form.organisation];
  const strength = useStrength(form.password, own);
  const start = useMutation(AccessService.method.startSignUp, {
    onSuccess: ({ attempt }) => {
      if (!attempt) return;
      setAttempt(attempt);
      setParams({ ticket: attempt.ticket }, { replace: true });
      go("codes");
    },
    onError: (error) => {
      const at = STEP_OF[fieldOf(error)];
      if (at) setStep(at);
    },
  });
  const say = useSay({ wrong: t("access.codes.wrong"), over: t("access.codes.over") });
  const reason = useReason();

  const go = (to: Step) => {
    setStep(to);
    setChecked(false);
  };
  const set = <K extends keyof typeof form>(key: K, value: (typeof form)[K]) => {
    setForm((old) => ({ ...old, [key]: value }));
    if (start.error) start.reset();
  };
  const text = (key: "organisation" | "name" | "phone" | "email" | "taxId" | "partner") => ({
    value: form[key],
    onChange: (e: { currentTarget: { value: string } }) => set(key, e.currentTarget.value),
    error: wrong[key],
    withAsterisk: false,
    size: "md" as const,
    maxLength: 200,
  });

  // A refusal that names its field stands at the field.
  const refused = start.error ? fieldOf(start.error) : "";
  const theirs = (field: string) =>
    start.error && refused === field ? (reason(start.error) ?? t("access.reasons.format")) : undefined;
  const tax = taxTrouble(form.country, form.taxId);
  const empty = t("access.signup.empty");
  const faults = {
    taxId:
      tax && t(tax === "length" ? `access.signup.tax.length.${form.country}` : `access.signup.tax.${tax}`),
    organisation: form.organisation.trim() ? undefined : empty,
    name: form.name.trim() ? undefined : empty,
    phone: phoneLooksRight(form.phone) ? undefined : t("access.signup.badPhone"),
    email: emailLooksRight(form.email) ? undefined : t("access.signup.badEmail"),
    password: strength && !strength.good ? t("access.password.weak") : form.password ? undefined : empty,
    terms: form.terms ? undefined : t("access.signup.termsNeeded"),
    partner: undefined,
  };
  const OF_STEP: Record<Step, readonly (keyof typeof faults)[]> = {
    company: ["taxId", "organisation"],
    contacts: ["name", "phone", "email"],
    password: ["password", "terms"],
    codes: [],
  };
  const mine = (key: keyof typeof faults) => (checked ? faults[key] : undefined);
  const wrong = {
    taxId: theirs("tax_id") ?? mine("taxId"),
    organisation: theirs("organisation") ?? mine("organisation"),
    name: theirs("name") ?? mine("name"),
    phone: theirs("phone") ?? mine("phone"),
    email: theirs("email") ?? mine("email"),
    password: theirs("password") ?? mine("password"),
    partner: theirs("partner_code"),
    terms: theirs("terms") ?? mine("terms"),
  };

  const next = (e: FormEvent) => {
    e.preventDefault();
    setChecked(true);
    if (OF_STEP[step].some((key) => faults[key] !== undefined)) return;
    const at = STEPS.indexOf(step);
    if (step !== "password") return go(STEPS[at + 1] ?? "codes");
    start.mutate({
      country: form.country,
      kind: form.kind,
      taxId: digitsOf(form.taxId),
      organisation: form.organisation.trim(),
      name: form.name.trim(),
      phone: form.phone.trim(),
      email: form.email.trim(),
      password: form.password,
      partnerCode: form.partner.trim(),
      terms: entrance.data?.terms ?? "",
      language: langOf(i18n.language),
    });
  };

  if (requested) {
    return (
      <Entry title={t("access.signup.title")}>
        <Nothing
          title={t("access.signup.requested")}
          text={t("access.signup.requestedTodo")}
          act={<ToSignIn />}
        />
      </Entry>
    );
  }
  if (entrance.data && !entrance.data.signUp && !ticket) {
    return (
      <Entry title={t("access.signup.title")}>
        <Nothing title={t("access.signup.closed")} text={t("access.signup.closedTodo")} act={<ToSignIn />} />
      </Entry>
    );
  }
  const here = STEPS.indexOf(step);
  return (
    <Entry title={t("access.signup.title")} wide>
      <ol className="steplist" aria-label={t("access.step", { step: here + 1, steps: STEPS.length })}>
        {STEPS.map((s, i) => (
          <li key={s} aria-current={s === step ? "step" : undefined}>
            {i + 1}. {t(`access.signup.steps.${s}`)}
          </li>
        ))}
      </ol>
      {step === "codes" ? (
        <CodesStep
          attempt={attempt}
          emailCode={params.get("email_code") ?? ""}
          onAttempt={setAttempt}
          onIn={() => {
            navigate("/", { replace: true });
            void cameIn();
          }}
          onRequested={() => setRequested(true)}
          onAgain={() => {
            setParams({}, { replace: true });
            go("company");
          }}
        />
      ) : (
        <form onSubmit={next} noValidate aria-label={t(`access.signup.steps.${step}`)}>
          <Stack gap="md">
            {step === "company" && (
              <>
                <SegmentedControl
                  fullWidth
                  aria-label={t("access.signup.country")}
                  value={form.country}
                  onChange={(v) => set("country", v as Country)}
                  data={(["ru", "kz"] as const).map((c) => ({
                    value: c,
                    label: t(`access.signup.countries.${c}`),
                  }))}
                />
                <SegmentedControl
                  fullWidth
                  aria-label={t("access.signup.kind")}
                  value={form.kind}
                  onChange={(v) => set("kind", v as Kind)}
                  data={(["owner", "service"] as const).map((k) => ({
                    value: k,
                    label: t(`access.signup.kinds.${k}`),
                  }))}
                />
                <TextInput
                  {...text("taxId")}
                  key={form.country}
                  label={t(`access.signup.taxId.${form.country}`)}
                  description={t(`access.signup.taxHint.${form.country}`)}
                  inputMode="numeric"
                  autoComplete="off"
                  maxLength={20}
                  autoFocus
                />
                <TextInput
                  {...text("organisation")}
                  label={t("access.signup.organisation")}
                  placeholder={t("access.signup.organisationExample")}
                  autoComplete="organization"
                />
              </>
            )}
            {step === "contacts" && (
              <>
                <TextInput {...text("name")} label={t("access.signup.name")} autoComplete="name" autoFocus />
                <TextInput
                  {...text("phone")}
                  label={t("access.signup.phone")}
                  placeholder={form.country === "ru" ? "+7 916 123-45-67" : "+7 701 123 45 67"}
                  type="tel"
                  autoComplete="tel"
                />
                <TextInput
                  {...text("email")}
                  label={t("access.signup.email")}
                  description={t("access.signup.codesWhat")}
                  type="email"
                  autoComplete="email"
                />
              </>
            )}
            {step === "password" && (
              <>
                {/* Whose password it is, for the browser that keeps it. */}
                <input type="hidden" autoComplete="username" value={form.email} readOnly />
                <NewPassword
                  label={t("access.password.new")}
                  value={form.password}
                  onChange={(v) => set("password", v)}
                  own={own}
                  error={wrong.password}
                />
                {form.kind === "owner" && (
                  <TextInput
                    {...text("partner")}
                    label={t("access.signup.partner")}
                    description={t("access.signup.partnerWhat")}
                    autoComplete="off"
                    maxLength={40}
                  />
                )}
                <Checkbox
                  label={t("access.signup.terms")}
                  checked={form.terms}
                  onChange={(e) => set("terms", e.currentTarget.checked)}
                  error={wrong.terms}
                />
                <Anchor href={entrance.data?.termsUrl || "/terms"} target="_blank" rel="noreferrer" size="sm">
                  {t("access.signup.termsRead")}
                </Anchor>
              </>
            )}
            {start.error && !STEP_OF[refused] && <Said>{say(start.error)}</Said>}
            <div style={{ display: "flex", gap: 12 }}>
              {here > 0 && (
                <Button variant="default" size="md" onClick={() => go(STEPS[here - 1] ?? "company")}>
                  {t("access.back")}
                </Button>
              )}
              <Button type="submit" size="md" loading={start.isPending} style={{ flex: 1 }}>
                {t("access.continue")}
              </Button>
            </div>
          </Stack>
        </form>
      )}
      {step !== "codes" && (
        <div className="links">
          <span>
            {t("access.signup.have")}{" "}
            <Link className="textlink" to="/">
              {t("signin.enter")}
            </Link>
          </span>
        </div>
      )}
    </Entry>
  );
}

function CodesStep(p: {
  attempt: Attempt;
  emailCode: string;
  onAttempt: (attempt: Attempt) => void;
  onIn: () => void;
  onRequested: () => void;
  onAgain: () => void;
}) {
  const { t } = useTranslation();
  const [phone, setPhone] = useState("");
  const [email, setEmail] = useState(p.emailCode);
  const confirm = useMutation(AccessService.method.confirmSignUp, {
    onSuccess: (r) => (r.requested ? p.onRequested() : p.onIn()),
  });
  const say = useSay({ wrong: t("access.codes.wrong"), over: t("access.codes.over") });
  const field = confirm.error ? fieldOf(confirm.error) : "";
  const submit = (e: FormEvent) => {
    e.preventDefault();
    confirm.mutate({
      ticket: p.attempt.ticket,
      phoneCode: phone.replace(/\s/g, ""),
      emailCode: email.replace(/\s/g, ""),
    });
  };
  return (
    <form onSubmit={submit} aria-label={t("access.signup.codes")}>
      <Stack gap="md">
        {p.attempt.hints.length > 0 && (
          <p style={{ margin: 0 }}>{t("access.signup.sent", { where: p.attempt.hints.join(", ") })}</p>
        )}
        <CodeInput
          label={t("access.signup.phoneCode")}
          digits
          value={phone}
          onChange={setPhone}
          error={field === "phone_code" ? say(confirm.error) : undefined}
          autoFocus
        />
        <CodeInput
          label={t("access.signup.emailCode")}
          digits
          value={email}
          onChange={setEmail}
          error={field === "email_code" ? say(confirm.error) : undefined}
        />
        {confirm.error && field !== "phone_code" && field !== "email_code" && (
          <Said>{say(confirm.error)}</Said>
        )}
        <Button type="submit" size="md" loading={confirm.isPending} fullWidth>
          {t("access.signup.create")}
        </Button>
        <SendAgain attempt={p.attempt} channel={Channel.UNSPECIFIED} onSent={p.onAttempt} />
        <button type="button" className="linkbutton" onClick={p.onAgain}>
          {t("access.codes.restart")}
        </button>
      </Stack>
    </form>
  );
}
