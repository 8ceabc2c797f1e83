import access from "./access.json";
import aid from "./aid.json";
import connect from "./connect.json";
import goods from "./goods.json";
import help from "./help.json";
import journal from "./journal.json";
import maintenance from "./maintenance.json";
import notify from "./notify.json";
import people from "./people.json";
import tree from "./tree.json";
import verdicts from "./verdicts.json";

export default {
  ...access,
  ...aid,
  ...connect,
  ...goods,
  ...help,
  ...journal,
  ...maintenance,
  ...notify,
  ...people,
  ...tree,
  ...verdicts,
};
