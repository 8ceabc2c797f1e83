/**
 * A list that shows nothing says which of five things it is: empty by nature, empty for the period, empty for the
 * filter, not read (silence and refusal differ), or not for this person.
 */
import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { Permission } from "../access/session";
import { codeOf, troubleOf } from "../app/transport";
import { HelpLink } from "../help/HelpLink";

export function Nothing({ title, text, act }: { title: string; text?: ReactNode; act?: ReactNode }) {
  return (
    <div className="nothing">
      <div className="strong">{title}</div>
      {text && <p>{text}</p>}
      {act && <div className="act">{act}</div>}
    </div>
  );
}

/** Rows may exist, but outside the period. */
export function NothingInPeriod({ onWiden }: { onWiden: () => void }) {
  const { t } = useTranslation();
  return (
    <Nothing
      title={t("nothing.period")}
      text={t("nothing.periodTodo")}
      act={
        <Button variant="default" onClick={onWiden}>
          {t("nothing.periodAct")}
        </Button>
      }
    />
  );
}

/** Rows exist, but the filter lets none through. */
export function NothingByFilter({ onClear }: { onClear: () => void }) {
  const { t } = useTranslation();
  return (
    <Nothing
      title={t("nothing.filter")}
      text={t("nothing.filterTodo")}
      act={
        <Button variant="default" onClick={onClear}>
          {t("nothing.filterAct")}
        </Button>
      }
    />
  );
}

/** What is not for this person; the right it takes is told by its name and leads to the help. */
export function Forbidden({ needs }: { needs: Permission }) {
  const { t } = useTranslation();
  return (
    <Nothing
      title={t("nothing.forbidden")}
      text={
        <>
          {t("nothing.forbiddenTodo", { code: needs })} <HelpLink code={needs} />
        </>
      }
    />
  );
}

/** Could not be read, or may not be read. */
export function Unread({
  error,
  onRetry,
  onClear,
}: {
  error: unknown;
  onRetry: () => void;
  /** What was asked for is chosen by a filter: it can be taken away. */
  onClear?: (() => void) | undefined;
}) {
  const { t } = useTranslation();
  const trouble = troubleOf(error);
  const retry = (
    <Button variant="default" onClick={onRetry}>
      {t("nothing.retry")}
    </Button>
  );
  const code = codeOf(error);
  const told = (text: string) => (
    <>
      {text} <HelpLink code={code} />
    </>
  );
  return (
    <div role="alert">
      {trouble === "forbidden" ? (
        <Nothing
          title={t("nothing.forbidden")}
          text={told(t("nothing.forbiddenTodo", { code }))}
          act={
            onClear && (
              <Button variant="default" onClick={onClear}>
                {t("nothing.filterAct")}
              </Button>
            )
          }
        />
      ) : trouble === "refused" ? (
        <Nothing title={t("nothing.refused")} text={told(t("nothing.refusedTodo", { code }))} act={retry} />
      ) : (
        <Nothing
          title={t("nothing.unreachable")}
          text={told(t("nothing.unreachableTodo", { code }))}
          act={retry}
        />
      )}
    </div>
  );
}

/** Why what was asked for was not done, in a sentence; its code leads to the help. */
export function NotDone({ error }: { error: unknown }) {
  const { t } = useTranslation();
  const code = codeOf(error);
  return (
    <>
      {troubleOf(error) === "unreachable" ? t("nothing.unreachable") : t("nothing.refusedTodo", { code })}{" "}
      <HelpLink code={code} />
    </>
  );
}
