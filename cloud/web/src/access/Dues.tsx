import { useMutation } from "@connectrpc/connect-query";
import { Anchor, Button, Loader } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { AccessService, type Standing } from "../gen/cabinet/v1/access_pb";
import { Unread } from "../ui/Nothing";
import { Entry, Said } from "./Entry";
import { useEntrance } from "./entrance";
import { Factors } from "./Factors";
import { useFresh, useSecurity } from "./security";
import { useSignOut } from "./session";
import { useSay } from "./trouble";
import "./access.css";

/** What a person has to do before anything else: accept new terms, set up a second factor. */
export default function Dues({ standing }: { standing: Standing }) {
  const { t } = useTranslation();
  const signOut = useSignOut();
  return (
    <Entry title={t(standing.termsDue ? "access.dues.terms" : "access.dues.factor")} wide help="dues">
      {standing.termsDue ? <Terms terms={standing.termsDue} /> : <Factor />}
      <div className="links">
        <button type="button" className="linkbutton" onClick={() => signOut.mutate({})}>
          {t("profile.signout")}
        </button>
      </div>
    </Entry>
  );
}

function Terms({ terms }: { terms: string }) {
  const { t } = useTranslation();
  const fresh = useFresh();
  const entrance = useEntrance().data;
  const accept = useMutation(AccessService.method.acceptTerms, { onSuccess: fresh });
  const say = useSay({ wrong: t("access.dues.terms") });
  return (
    <>
      <p style={{ margin: 0 }}>{t("access.dues.termsWhat")}</p>
      <Anchor href={entrance?.termsUrl || "/terms"} target="_blank" rel="noreferrer">
        {t("access.signup.termsRead")}
      </Anchor>
      {accept.error && <Said>{say(accept.error)}</Said>}
      <Button size="md" loading={accept.isPending} onClick={() => accept.mutate({ terms })}>
        {t("access.dues.accept")}
      </Button>
    </>
  );
}

function Factor() {
  const { t } = useTranslation();
  const security = useSecurity();
  return (
    <>
      <p style={{ margin: 0 }}>{t("access.dues.factorWhat")}</p>
      {security.data ? (
        <Factors security={security.data} />
      ) : security.error ? (
        <Unread error={security.error} onRetry={() => void security.refetch()} />
      ) : (
        <Loader aria-label={t("loading")} />
      )}
    </>
  );
}
