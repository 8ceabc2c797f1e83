import access from "./access.json";
import aid from "./aid.json";
import base from "./base.json";
import connect from "./connect.json";
import goods from "./goods.json";
import help from "./help.json";
import journal from "./journal.json";
import maintenance from "./maintenance.json";
import notify from "./notify.json";
import people from "./people.json";
import remote from "./remote.json";
import sales from "./sales.json";
import shell from "./shell.json";
import tills from "./tills.json";
import tree from "./tree.json";
import verdicts from "./verdicts.json";

export default {
  ...base,
  ...access,
  ...aid,
  ...journal,
  ...maintenance,
  ...help,
  ...sales,
  ...shell,
  ...tills,
  ...connect,
  ...goods,
  ...tree,
  ...verdicts,
  ...people,
  ...notify,
  ...remote,
};
