import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { parse } from 'yaml'
import { loadPolicy } from '../../src/protocol/policy/policy-yaml.ts'
import { readVersion } from '../../src/version.ts'
import { NOW } from '../world/judging/judging.ts'
import { noRoots } from '../world/judging/roots.ts'

const ROOT = new URL('../../', import.meta.url)
const FOLDER = new URL('.github/workflows/', ROOT)

interface Step {
  readonly uses?: string
  readonly run?: string
  readonly with?: Readonly<Record<string, unknown>>
}

interface Job {
  readonly permissions?: Readonly<Record<string, string>>
  readonly environment?: string
  readonly needs?: string | readonly string[]
  readonly steps?: readonly Step[]
  readonly uses?: string
  readonly 'timeout-minutes'?: number
}

interface Workflow {
  readonly permissions: object
  readonly jobs: Readonly<Record<string, Job>>
}

const WORKFLOWS = readdirSync(FOLDER).map(name => {
  const text = readFileSync(new URL(name, FOLDER), 'utf8')
  return { name, text, workflow: parse(text) as Workflow }
})

const jobsOf = (named: string): Workflow['jobs'] => WORKFLOWS.find(({ name }) => name === named)?.workflow.jobs ?? {}

/** What a job may do beyond reading, and nothing else may. */
const RIGHTS: Readonly<Record<string, object>> = {
  'release.yml same': {},
  'release.yml attest': { 'id-token': 'write', attestations: 'write' },
  'release.yml pypi': { 'id-token': 'write' },
  'release.yml npm': { 'id-token': 'write' },
  'release.yml image': { contents: 'read', 'id-token': 'write', attestations: 'write' },
  'release.yml told': { contents: 'write' },
}

t.test('every job has the rights that it needs, and no other', async t => {
  t.ok(WORKFLOWS.length >= 2)
  for (const { name, workflow } of WORKFLOWS) {
    t.strictSame(workflow.permissions, {}, `${name}: nothing by default`)
    for (const [id, job] of Object.entries(workflow.jobs)) {
      t.strictSame(job.permissions, RIGHTS[`${name} ${id}`] ?? { contents: 'read' }, `${name} ${id}`)
      if (job.uses === undefined) t.ok(Number(job['timeout-minutes']) > 0, `${name} ${id} ends some time`)
    }
  }
})

t.test('every action is pinned by a whole commit, with its version beside it', async t => {
  for (const { name, text, workflow } of WORKFLOWS) {
    const used = Object.values(workflow.jobs).flatMap(job => [
      ...(job.uses === undefined ? [] : [job.uses]),
      ...(job.steps ?? []).flatMap(({ uses }) => uses ?? []),
    ])
    for (const uses of used.filter(it => !it.startsWith('./'))) {
      t.match(uses, /^[\w.-]+\/[\w./-]+@[0-9a-f]{40}$/, `${name}: ${uses}`)
      const lines = text.split('\n').filter(line => line.includes(uses))
      for (const line of lines) t.match(line, /@[0-9a-f]{40} # v\d+\.\d+\.\d+$/, `${name}: ${line}`)
    }
  }
  const pins = WORKFLOWS.flatMap(({ text }) => [...text.matchAll(/uses: (\S+)@([0-9a-f]{40}) # (\S+)/g)])
  for (const [action, same] of Map.groupBy(pins, ([, uses]) => uses))
    t.equal(new Set(same.map(([, , commit, version]) => `${commit} ${version}`)).size, 1, `one ${action}`)
})

t.test('no expression stands in a script, no strangers’ code runs with rights, no checkout leaves a token', async t => {
  for (const { name, text, workflow } of WORKFLOWS) {
    t.notMatch(text, /pull_request_target|workflow_run|issue_comment/, name)
    t.notMatch(text, /secrets: inherit|write-all/, name)
    for (const job of Object.values(workflow.jobs))
      for (const { run = '', uses = '', with: given } of job.steps ?? []) {
        t.notMatch(run, /\$\{\{/, `${name}: ${run}`)
        if (uses.startsWith('actions/checkout@')) t.equal(given?.['persist-credentials'], false, name)
      }
  }
})

t.test('whatever is published was tested, built twice and is the same', async t => {
  const jobs = jobsOf('release.yml')
  const needs = (id: string): readonly string[] => [jobs[id]?.needs ?? []].flat()
  const before = (id: string): ReadonlySet<string> => new Set(needs(id).flatMap(one => [one, ...before(one)]))
  for (const id of ['attest', 'pypi', 'npm', 'image', 'told'])
    for (const first of ['right', 'tests', 'build', 'same']) t.ok(before(id).has(first), `${first} before ${id}`)
  t.match(jobs['tests'], { uses: './.github/workflows/ci.yml' })
  for (const id of ['pypi', 'npm', 'image']) t.equal(jobs[id]?.environment, id, 'an environment of its own')
  const withToken = Object.entries(jobs).filter(([, job]) => job.permissions?.['id-token'] === 'write')
  for (const [id, { steps = [] }] of withToken)
    t.notMatch(JSON.stringify(steps), /npm (?:ci|install|run)/, `${id} runs no code of a package`)
})

t.test('the rule that admits us names the workflow and the environment that publish', async t => {
  const text = readFileSync(new URL('policies/portcullis.yaml', ROOT), 'utf8')
  const loaded = loadPolicy([{ path: 'portcullis.yaml', text }], NOW, noRoots)
  t.ok('policy' in loaded)
  const { publishers } = parse(text) as { publishers: { portcullis: Record<string, string> } }
  t.match(publishers.portcullis, { workflow: 'release.yml', environment: jobsOf('release.yml')['pypi']?.environment })
  // as the first job of the release asks
  t.match(text, `\n    repository: ${publishers.portcullis['repository']}\n`)
  const right =
    jobsOf('release.yml')
      ['right']?.steps?.map(({ run = '' }) => run)
      .join('\n') ?? ''
  const env = {
    PATH: process.env['PATH'] ?? '',
    GITHUB_REF_NAME: `v${readVersion()}`,
    GITHUB_REPOSITORY: publishers.portcullis['repository'] ?? '',
  }
  const exitWith = (changes: object): number | null =>
    spawnSync('bash', ['-eo', 'pipefail', '-c', right], { cwd: fileURLToPath(ROOT), env: { ...env, ...changes } })
      .status
  t.equal(exitWith({}), 0)
  t.equal(exitWith({ GITHUB_REF_NAME: 'v99.0.0' }), 1, 'a tag that is not the version')
  t.equal(exitWith({ GITHUB_REPOSITORY: 'mallory/portcullis' }), 1, 'a fork that left the rule as it was')
  const docs = readFileSync(new URL('docs/how-to/ci.md', ROOT), 'utf8')
  t.match(docs, `uses: ${publishers.portcullis['repository']}@`, 'as the documentation calls it')
})
