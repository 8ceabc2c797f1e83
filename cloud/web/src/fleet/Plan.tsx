import { useQuery } from "@connectrpc/connect-query";
import { Loader } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { FleetService } from "../gen/cabinet/v1/fleet_pb";
import type { Action } from "../gen/fiscal/v1/fiscal_pb";
import { StepRow } from "./Checklist";

/** What the agent would do, step by step, before it is asked to; `ready` when there is nothing more to wait for. */
export function usePlan(tillId: string, action: Action) {
  const plan = useQuery(FleetService.method.planCommand, { tillId, action }, { staleTime: 5_000 });
  return {
    steps: plan.data?.plan?.steps ?? [],
    ready: !plan.isPending,
    demands: plan.data?.demands,
    obstacle: plan.data?.obstacle ?? "",
    doubt: plan.data?.doubt ?? "",
  };
}

export function PlanView({ plan }: { plan: ReturnType<typeof usePlan> }) {
  const { t } = useTranslation();
  return (
    <section aria-label={t("command.plan")} style={{ marginTop: 12 }}>
      <div className="quiet small">{t("command.plan")}</div>
      {!plan.ready ? (
        <Loader size="sm" mt={8} aria-label={t("loading")} />
      ) : plan.steps.length === 0 ? (
        <div>{t("command.noPlan")}</div>
      ) : (
        <ol className="steps" aria-label={t("command.plan")}>
          {plan.steps.map((step, i) => (
            <StepRow key={`${step.code} ${i}`} step={step} ended={false} />
          ))}
        </ol>
      )}
    </section>
  );
}
