/** A survey export as they come: preamble, semicolons, decimal commas, units in cells, gaps, a ragged row, a script. */
export function messySurvey(rows = 400): string {
  let seed = 7;
  const random = (): number => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648) / 2_147_483_648;
  const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;
  const lines = ["Customer survey 2026;;;;;;;", "Exported by the field team;;;;;;;", "", "Respondent;Region;Segment;Satisfaction;Price rating;Support rating;Ease rating;Comment"];
  for (let row = 1; row <= rows; row += 1) {
    const price = 1 + Math.floor(random() * 5);
    const support = 1 + Math.floor(random() * 5);
    const ease = 1 + Math.floor(random() * 5);
    const score = Math.min(10, Math.max(0, 0.6 * price + 1.1 * support + 0.3 * ease + (random() - 0.5) * 2)).toFixed(1).replace(".", ",");
    const satisfaction = row % 57 === 0 ? "n/a" : score;
    const comment = row === 5 ? "<script>document.title='hacked'</script>" : row % 9 === 0 ? '"Quick; but ""pricey"""' : "";
    lines.push([row, pick(["North", "South", "East", "West"]), pick(["New", "Returning", "Lapsed"]), satisfaction, `${price} stars`, `${support} stars`, `${ease} stars`, comment].join(";"));
  }
  lines.push("401;North;New;7,5;4 stars;4 stars;4 stars;;one cell too many");
  return lines.join("\r\n");
}
