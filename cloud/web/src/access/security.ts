import { createConnectQueryKey, useQuery, useTransport } from "@connectrpc/connect-query";
import { useQueryClient } from "@tanstack/react-query";
import { AccessService } from "../gen/cabinet/v1/access_pb";

/** How the person comes in. */
export function useSecurity() {
  return useQuery(AccessService.method.getSecurity, {}, { retry: false });
}

/** Reads anew who is here and how they come in, after something about it was changed. */
export function useFresh(): () => Promise<void> {
  const queries = useQueryClient();
  const transport = useTransport();
  return async () => {
    const { getSecurity, listDevices, whoAmI } = AccessService.method;
    await Promise.all(
      [getSecurity, listDevices, whoAmI].map((schema) =>
        queries.invalidateQueries({
          queryKey: createConnectQueryKey({
            schema: schema as typeof whoAmI,
            transport,
            cardinality: "finite",
          }),
        }),
      ),
    );
  };
}
