import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { parse } from 'yaml'

interface Step {
  readonly id?: string
  readonly shell?: string
  readonly env?: Readonly<Record<string, string>>
  readonly run?: string
  readonly uses?: string
}

/** A composite action, as its file says. */
export interface Action {
  readonly inputs: Readonly<Record<string, { readonly default?: string }>>
  readonly outputs: Readonly<Record<string, { readonly value: string }>>
  readonly runs: { readonly using: string; readonly steps: readonly Step[] }
}

/** A command that a line of output gave to the runner. */
export interface RunnerCommand {
  readonly name: string
  readonly properties: Readonly<Record<string, string>>
  readonly data: string
}

/** What a run of an action left behind. */
export interface Ran {
  readonly exit: number
  readonly log: string
  readonly commands: readonly RunnerCommand[]
  readonly outputs: Readonly<Record<string, string>>
  readonly summary: string
}

export interface RunOptions {
  /** where the action's repository lies */
  readonly action: string
  /** where the job works */
  readonly workspace: string
  readonly event: { readonly name: string; readonly payload: object }
  readonly inputs?: Readonly<Record<string, string>>
  readonly environment?: Readonly<Record<string, string>>
}

/**
 * Runs a composite action as GitHub's runner does: its steps in order until one fails, expressions evaluated into the environment,
 * outputs and summary by files, and every line of output read for commands.
 */
export async function runAction(t: Test, options: RunOptions): Promise<Ran> {
  const { action: folder, workspace, event, inputs: given = {}, environment = {} } = options
  const action: Action = parse(readFileSync(join(folder, 'action.yml'), 'utf8'))
  const temp = mkdtempSync(join(tmpdir(), 'portcullis-runner-'))
  t.teardown(() => rmSync(temp, { recursive: true, force: true }))
  const defaults = Object.fromEntries(Object.entries(action.inputs).map(([name, it]) => [name, it.default ?? '']))
  const context = { inputs: { ...defaults, ...given }, github: { event: event.payload }, steps: {} as Steps }
  const eventPath = join(temp, 'event.json')
  writeFileSync(eventPath, JSON.stringify(event.payload))
  const { PATH = '' } = process.env
  const job = {
    PATH,
    HOME: temp,
    RUNNER_TEMP: join(temp, 'runner'),
    GITHUB_WORKSPACE: workspace,
    GITHUB_ACTION_PATH: folder,
    GITHUB_EVENT_NAME: event.name,
    GITHUB_EVENT_PATH: eventPath,
    GITHUB_STEP_SUMMARY: join(temp, 'summary'),
    ...environment,
  }
  mkdirSync(job.RUNNER_TEMP)
  writeFileSync(job.GITHUB_STEP_SUMMARY, '')
  let log = ''
  let exit = 0
  for (const [at, step] of action.runs.steps.entries()) {
    if (exit !== 0) break
    const script = join(temp, `${at}.sh`)
    const output = join(temp, `${at}.output`)
    writeFileSync(script, step.run ?? '')
    writeFileSync(output, '')
    const own = Object.entries(step.env ?? {}).map(([name, text]) => [name, evaluate(text, context)] as const)
    const ended = await bash(script, {
      cwd: workspace,
      env: { ...job, ...Object.fromEntries(own), GITHUB_OUTPUT: output },
    })
    log += ended.log
    exit = ended.exit
    if (step.id !== undefined) context.steps[step.id] = { outputs: outputsIn(readFileSync(output, 'utf8')) }
  }
  const outputs = Object.entries(action.outputs).map(([name, { value }]) => [name, evaluate(value, context)] as const)
  const summary = readFileSync(job.GITHUB_STEP_SUMMARY, 'utf8')
  return { exit, log, commands: commandsIn(log), outputs: Object.fromEntries(outputs), summary }
}

function bash(
  script: string,
  options: { cwd: string; env: NodeJS.ProcessEnv },
): Promise<{ exit: number; log: string }> {
  return new Promise(resolve => {
    // the runner's template of `shell: bash`
    const words = ['--noprofile', '--norc', '-eo', 'pipefail', script]
    execFile('bash', words, { ...options, timeout: 300_000 }, (error, out, err) => {
      const exit = error === null ? 0 : typeof error.code === 'number' ? error.code : -1
      resolve({ exit, log: out + err })
    }).stdin?.end()
  })
}

type Steps = Record<string, { readonly outputs: Readonly<Record<string, string>> }>

/** `${{ a.b || a.c }}`: the first that is there and not empty. Anything else of the language is not used here. */
function evaluate(text: string, context: object): string {
  return text.replace(/\$\{\{(.*?)\}\}/g, (_, expression: string) => {
    const values = expression.split('||').map(path => lookUp(path.trim(), context))
    return values.find(value => value !== '') ?? ''
  })
}

function lookUp(path: string, context: object): string {
  if (!/^[\w-]+(?:\.[\w-]+)*$/.test(path)) throw new TypeError(`not evaluated here: ${path}`)
  let value: unknown = context
  for (const key of path.split('.')) value = (value as Record<string, unknown> | undefined)?.[key]
  return typeof value === 'string' ? value : ''
}

/** `name=value`, and `name<<mark` with lines until the mark. */
function outputsIn(text: string): Readonly<Record<string, string>> {
  const outputs: Record<string, string> = {}
  const lines = text.split('\n')
  for (let at = 0; at < lines.length; at += 1) {
    const [, name, mark] = /^([^=]+?)<<(.+)$/.exec(lines[at] ?? '') ?? []
    if (name !== undefined && mark !== undefined) {
      const end = lines.indexOf(mark, at + 1)
      if (end < 0) throw new TypeError(`the output ${name} has no end`)
      outputs[name] = lines.slice(at + 1, end).join('\n')
      at = end
      continue
    }
    const equals = lines[at]?.indexOf('=') ?? -1
    if (equals > 0) outputs[lines[at]?.slice(0, equals) ?? ''] = lines[at]?.slice(equals + 1) ?? ''
  }
  return outputs
}

/** Lines that begin with `::`, or have `##[` anywhere, but for those between `stop-commands` and its token. */
function commandsIn(log: string): readonly RunnerCommand[] {
  const commands: RunnerCommand[] = []
  let stopped: string | undefined
  for (const line of log.split(/\r\n|\r|\n/)) {
    const text = line.trimStart()
    if (stopped !== undefined) {
      if (text === `::${stopped}::`) stopped = undefined
      continue
    }
    const [, name, properties = '', data = ''] = /^::([^\s:]+)(?: (.*?))?::(.*)$/.exec(text) ?? []
    if (name === 'stop-commands') stopped = data
    else if (name !== undefined) commands.push({ name, properties: propertiesIn(properties), data: unescaped(data) })
    else if (/##\[[^\]]+\]/.test(text)) commands.push({ name: 'of the old form', properties: {}, data: text })
  }
  return commands
}

function propertiesIn(text: string): Readonly<Record<string, string>> {
  const pairs = text.split(',').map(pair => pair.trim().split(/=(.*)/s))
  return Object.fromEntries(pairs.flatMap(([key = '', value = '']) => (key === '' ? [] : [[key, unescaped(value)]])))
}

function unescaped(text: string): string {
  return ['%0D=\r', '%0A=\n', '%3A=:', '%2C=,', '%25=%'].reduce(
    (now, pair) => now.replaceAll(pair.slice(0, 3), pair.slice(4)),
    text,
  )
}
