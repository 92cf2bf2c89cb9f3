// Fills the form of a task as a user would, in headless Chromium.
// Standard input: JSON, a list of {diagram, templates, template, element, fields: [[group, label, value], ...], picture?};
// a value that begins with = goes into the FEEL editor. Output: the list of the exported diagrams and of what went wrong
// in the page. Its first argument is the browser.
import { readFileSync } from 'node:fs';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';

const PAGE = `<!doctype html><meta charset="utf-8"><style>
  html, body { margin: 0; height: 100%; font-family: sans-serif; }
  body { display: flex; }
  #canvas { flex: 1; }
  #panel { width: 400px; border-left: 1px solid #ccc; overflow: auto; }
</style><div id="canvas"></div><div id="panel"></div>`;
const STILL = '*, *::before, *::after { transition: none !important; animation: none !important; caret-color: transparent !important }';

const [ executablePath ] = process.argv.slice(2);
const tasks = JSON.parse(readFileSync(0, 'utf8'));
const { outputFiles } = await build({
  entryPoints: [ 'app.js' ], bundle: true, write: false, outdir: 'out', format: 'iife', logLevel: 'error',
  loader: { '.svg': 'dataurl', '.png': 'dataurl', '.woff': 'dataurl', '.woff2': 'dataurl', '.ttf': 'dataurl', '.eot': 'dataurl' }
});
const browser = await chromium.launch({ executablePath, args: [ '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage' ] });

try {
  const results = [];
  for (const task of tasks) {
    results.push(await fillForm(task));
  }
  console.log(JSON.stringify(results));
} finally {
  await browser.close();
}

async function fillForm({ diagram, templates, template, element, fields, picture }) {
  const page = await browser.newPage({ viewport: { width: 1100, height: 1000 } });
  const faults = [];
  page.setDefaultTimeout(20_000);
  page.on('pageerror', problem => faults.push(String(problem)));
  await page.setContent(PAGE);
  for (const { path, text } of outputFiles) {
    await (path.endsWith('.css') ? page.addStyleTag({ content: text }) : page.addScriptTag({ content: text }));
  }
  await page.addStyleTag({ content: STILL });
  faults.push(...await page.evaluate(([ xml, known ]) => window.openModel(xml, known), [ diagram, templates ]));
  await page.evaluate(([ id, name ]) => window.applyTemplate(id, name), [ element, template ]);
  await page.locator('.bio-properties-panel-header').waitFor();
  await page.evaluate(painted);  // only then does the panel listen
  await page.evaluate(id => window.select(id), element);
  for (const [ group, label, value ] of fields) {
    await fill(page, group, label, value);
  }
  await page.waitForFunction(parsed, undefined, { timeout: 10_000 }).catch(() => {});
  faults.push(...await page.locator('.bio-properties-panel-entry.has-error').allTextContents());
  if (picture) {
    await page.locator('.bio-properties-panel-scroll-container').evaluate(panel => panel.scrollTo(0, 0));
    await page.screenshot({ path: picture });
  }
  const xml = await page.evaluate(() => window.saveModel());
  await page.close();
  return { xml, faults };
}

async function fill(page, group, label, value) {
  const section = page.locator(`[data-group-id="group-ElementTemplates__CustomProperties-${group}"]`);
  await open(section);
  const entry = section.locator('.bio-properties-panel-entry').filter({
    has: page.locator('label').filter({ hasText: new RegExp(`^${label.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`) })
  }).first();
  const select = entry.locator('select');
  if (await select.count()) {
    return select.selectOption({ label: value });
  }
  if (value.startsWith('=')) {
    const toggle = entry.locator('button.bio-properties-panel-feel-icon.optional:not(.active)');
    if (await toggle.count()) {
      await toggle.click();
    }
    await entry.locator('.cm-content').click();
    await page.keyboard.press('Control+A');
    await page.keyboard.insertText(value.slice(1));
    return page.keyboard.press('Escape');
  }
  const input = entry.locator('input[type=text], textarea, input:not([type])').first();
  await input.fill(value);
  await input.blur();
}

// The editor looks at what it has parsed so far, which on a busy machine is not all; that passes.
function parsed() {
  const errors = [ ...document.querySelectorAll('.bio-properties-panel-error') ];
  return !errors.some(error => error.textContent.includes('Unparsable'));
}

// Resolves when what is drawn now has been drawn, and what was to happen after that has happened.
function painted() {
  return new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))));
}

// A click may go astray while the panel takes over what was typed before: fields and messages move then.
async function open(section) {
  const header = section.locator('.bio-properties-panel-group-header').first();
  for (let attempt = 0; attempt < 5; attempt++) {
    if (/\bopen\b/.test(await header.getAttribute('class'))) {
      return;
    }
    await header.click();
    await section.locator('.bio-properties-panel-group-entries.open').waitFor({ timeout: 1000 }).catch(() => {});
  }
}
