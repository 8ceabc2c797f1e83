import { useMutation } from "@connectrpc/connect-query";
import { Button } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import { AccessService } from "../gen/cabinet/v1/access_pb";
import { Nothing } from "../ui/Nothing";
import { Entry, Said } from "./Entry";
import { ToSignIn } from "./fields";
import { useSay } from "./trouble";
import "./access.css";

/** Where the link of a notice leads: somebody is changing your phone or e-mail, and perhaps it is not you. */
export default function CancelChange() {
  const { t } = useTranslation();
  const [params] = useSearchParams();
  const token = params.get("token") ?? "";
  const cancel = useMutation(AccessService.method.cancelContactChange);
  const gone = t("access.cancel.gone");
  const say = useSay({ wrong: gone, over: gone });
  const home = <ToSignIn />;
  return (
    <Entry title={t("access.cancel.title")}>
      {cancel.isSuccess ? (
        <Nothing title={t("access.cancel.done")} text={t("access.cancel.doneTodo")} act={home} />
      ) : (
        <>
          <p style={{ margin: 0 }}>{t("access.cancel.what")}</p>
          {cancel.error && <Said>{say(cancel.error)}</Said>}
          {/* A letter's preview opens links: nothing happens before somebody presses. */}
          <Button size="md" loading={cancel.isPending} onClick={() => cancel.mutate({ token })}>
            {t("access.cancel.act")}
          </Button>
        </>
      )}
    </Entry>
  );
}
