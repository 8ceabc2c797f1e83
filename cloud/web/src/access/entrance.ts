import { useQuery, useTransport } from "@connectrpc/connect-query";
import { useQueryClient } from "@tanstack/react-query";
import { AccessService } from "../gen/cabinet/v1/access_pb";
import { resetSession } from "./session";

/** Which ways in there are; a cabinet that does not say has the password. */
export function useEntrance() {
  return useQuery(
    AccessService.method.getEntrance,
    {},
    { staleTime: Number.POSITIVE_INFINITY, retry: false },
  );
}

/** Asks the cabinet anew who is here. */
export function useCameIn(): () => Promise<void> {
  const queries = useQueryClient();
  const transport = useTransport();
  return () => resetSession(queries, transport);
}
