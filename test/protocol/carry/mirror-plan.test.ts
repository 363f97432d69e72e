import t from 'tap'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import { readMirrorPlan, renderMirrorPlan } from '../../../src/protocol/carry/mirror-plan.ts'

const PLAN = {
  format: 'portcullis-plan/1',
  locks: ['uv.lock'],
  python: ['3.11'],
  platform: ['linux_x86_64'],
  files: ['b', 'a'].map(project => ({
    project,
    version: '1.0',
    filename: `${project}-1.0.tar.gz`,
    sha256: sha256Of(project),
    size: null,
    outcome: 'unknown',
    code: 'unknown-upstream',
  })),
  wanted: [{ project: 'c', filename: null }],
}

function read(plan: unknown) {
  return readMirrorPlan(Buffer.from(JSON.stringify(plan)), 'plan.json')
}

t.test('a plan that is read is written as the same, by name and each file once', async t => {
  const [b, a] = PLAN.files
  const twice = { ...PLAN, files: [b, a, b] }
  t.strictSame(JSON.parse(renderMirrorPlan(read(twice))), { ...PLAN, files: [a, b] })
  const text = renderMirrorPlan(read(PLAN))
  t.equal(renderMirrorPlan(readMirrorPlan(Buffer.from(text), 'p')), text)
})

t.test('what is no plan is told by its path and place', async t => {
  const [file] = PLAN.files
  const wrong: readonly (readonly [unknown, RegExp])[] = [
    [[], /^plan\.json is no plan: it: /],
    [{ ...PLAN, format: 'portcullis-plan/3' }, /format: /],
    [{ ...PLAN, more: 1 }, /is no plan/],
    [{ ...PLAN, python: ['2'] }, /python\.0: is not a Python/],
    [{ ...PLAN, files: [{ ...file, filename: '../x' }] }, /files\.0\.filename: is not a file name/],
    [{ ...PLAN, files: [{ ...file, sha256: 'x' }] }, /files\.0\.sha256: is not a sha256/],
    [{ ...PLAN, files: [{ ...file, size: -1 }] }, /files\.0\.size/],
  ]
  for (const [plan, detail] of wrong) t.throws(() => read(plan), { code: 'usage', detail }, String(detail))
  t.throws(() => readMirrorPlan(Buffer.from('{'), 'p'), { code: 'usage', detail: /^p is no plan/ })
})

t.test('a plan that knows of sources and indexes says so, and of whom each file is', async t => {
  const [file] = PLAN.files
  const plan = {
    ...PLAN,
    format: 'portcullis-plan/2',
    files: [{ ...file, source: 'acme', index: 'ml' }],
    wanted: [{ project: 'c', filename: null, index: 'ml' }],
  }
  t.strictSame(JSON.parse(renderMirrorPlan(read(plan))), plan)
  t.match(read(plan), { files: [{ source: 'acme', index: 'ml' }], wanted: [{ index: 'ml' }] })
  t.equal(JSON.parse(renderMirrorPlan(read(PLAN))).format, PLAN.format, 'and one that does not is as ever')
  for (const wrong of ['', 'Acme', '../x', 7])
    t.throws(() => read({ ...plan, files: [{ ...plan.files[0], source: wrong }] }), { code: 'usage' })
})
