import { expect, it } from "vitest";
import { html, scriptJson } from "./markup.ts";

it("escapes texts and leaves markup as it is", () => {
  const name = `<b>"Tom" & 'Jerry'</b>`;
  expect(html`<i title="${name}">${[html`<u>${1}</u>`, null]}${null}</i>`.text).toBe(
    `<i title="&lt;b&gt;&quot;Tom&quot; &amp; &#39;Jerry&#39;&lt;/b&gt;"><u>1</u></i>`,
  );
});

it("writes JSON that cannot end its script element, and that reads back", () => {
  const value = { text: "</script><!-- \u2028\u2029 -->" };
  const text = scriptJson(value);
  expect(text).not.toMatch(/[<\u2028\u2029]/);
  expect(JSON.parse(text)).toEqual(value);
});
