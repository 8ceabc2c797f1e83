/** Kept filters and tables of the list of tills. */
import { Code, ConnectError } from "@connectrpc/connect";
import type { TableFormat } from "../gen/cabinet/v1/figures_pb";

export class FakeViews {
  views: { id: string; name: string; query: string }[] = [];
  exported: { tillIds: string[]; format: TableFormat }[] = [];

  handlers(door: () => void) {
    return {
      listTillViews: () => {
        door();
        return { views: this.views };
      },
      saveTillView: ({ name, query }: { name: string; query: string }) => {
        door();
        const view = { id: `view-${name}`, name, query };
        this.views = [...this.views.filter((v) => v.name !== name), view];
        return { view };
      },
      deleteTillView: ({ id }: { id: string }) => {
        door();
        if (!this.views.some((v) => v.id === id)) throw new ConnectError("view", Code.NotFound);
        this.views = this.views.filter((v) => v.id !== id);
        return {};
      },
      exportTills: ({ tillIds, format }: { tillIds: string[]; format: TableFormat }) => {
        door();
        this.exported.push({ tillIds, format });
        return { file: new Uint8Array([1]), name: "tills.csv" };
      },
    };
  }
}
