(() => {
  const form = document.getElementById("filter");
  if (!form) return;
  form.hidden = false;
  const problems = [...document.querySelectorAll("details.problem")];
  const left = document.getElementById("left");
  const apply = () => {
    const suite = form.elements.suite.value;
    const fact = [form.elements.arm.value, form.elements.outcome.value];
    const code = form.elements.code.value;
    let kept = 0;
    for (const problem of problems) {
      const facts = problem.dataset.facts.split(" ");
      const outcome = facts.some((one) => {
        const at = one.lastIndexOf(":");
        return at > 0 && (!fact[0] || one.slice(0, at) === fact[0]) && (!fact[1] || one.slice(at + 1) === fact[1]);
      });
      const keep = (!suite || problem.dataset.suite === suite) && outcome && (!code || facts.includes(code));
      problem.hidden = !keep;
      kept += keep;
    }
    left.textContent = `${kept} of ${problems.length} shown`;
  };
  form.addEventListener("change", apply);
  apply();
})();
