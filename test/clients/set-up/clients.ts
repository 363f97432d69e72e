import { join } from 'node:path'
import type { Run, Site } from './site.ts'
import type { Tool, ToolName } from './tools.ts'

/** What a project wants installed, from the gate and from nowhere else. */
export interface Wanted {
  /** the gate, without a path */
  readonly gate: string
  /** PEP 508 */
  readonly requirements: readonly string[]
}

/** A client as a person uses it: the same few things under its own commands. */
export interface Client {
  readonly name: ToolName
  /** its exit status when a file is refused */
  readonly refusal: number
  /** what it shows of a refusal; all are read from `text` */
  readonly shows: 'phrase' | 'phrase and problem' | 'url'
  /** asks for a wheel's `.metadata` before the wheel */
  readonly asksMetadata: boolean
  /** knows PEP 517 backends that lie in the tree */
  readonly builds: boolean
  install(site: Site, wanted: Wanted): Promise<Run>
  /** installs what the last successful `install` wrote down, where the client writes something down */
  readonly installLocked: ((site: Site, wanted: Wanted) => Promise<Run>) | undefined
}

export type ClientName = Exclude<
  ToolName,
  'bandersnatch' | 'pre-commit' | 'pypiserver' | 'devpi' | 'schemathesis' | 'uv 0.12'
>

export const CLIENT_NAMES: readonly ClientName[] = [
  'pip 19.3',
  'pip 22.3',
  'pip 23.3',
  'pip 26.3',
  'uv',
  'poetry',
  'pdm',
  'pipenv',
]

export function clientOf(tool: Tool): Client {
  switch (tool.name) {
    case 'uv':
    case 'uv 0.12':
      return uvClient(tool)
    case 'poetry':
      return poetryClient(tool)
    case 'pdm':
      return pdmClient(tool)
    case 'pipenv':
      return pipenvClient(tool)
    case 'pip 19.3':
    case 'pip 22.3':
    case 'pip 23.3':
    case 'pip 26.3':
      return pipClient(tool)
    case 'bandersnatch':
    case 'pre-commit':
    case 'pypiserver':
    case 'devpi':
    case 'schemathesis':
      throw new Error(`${tool.name} installs nothing from an index`)
    default:
      return tool.name satisfies never
  }
}

// ---------------------------------------------------------------- pip

/** pip, told to install into the site's environment: the interpreter of the one runs the code of the other. */
export function pip(tool: Tool, site: Site, command: string, args: readonly string[]): Promise<Run> {
  return site.run(site.python, [join(tool.sitePackages, 'pip'), command, ...args])
}

function pipClient(tool: Tool): Client {
  return {
    name: tool.name,
    refusal: 1,
    shows: 'phrase',
    asksMetadata: tool.name !== 'pip 19.3',
    builds: tool.name !== 'pip 19.3',
    // pip keeps an HTTP cache over plain http only for a host that it was told to trust
    install: (site, { gate, requirements }) =>
      pip(tool, site, 'install', ['--index-url', `${gate}/simple/`, '--trusted-host', '127.0.0.1', ...requirements]),
    installLocked: undefined,
  }
}

// ---------------------------------------------------------------- uv

export function uv(tool: Tool, site: Site, args: readonly string[]): Promise<Run> {
  return site.run(join(tool.bin, 'uv'), args)
}

function uvClient(tool: Tool): Client {
  return {
    name: tool.name,
    refusal: 2,
    shows: 'phrase and problem',
    asksMetadata: true,
    builds: true,
    install: (site, { gate, requirements }) =>
      uv(tool, site, ['pip', 'install', '--default-index', `${gate}/simple/`, ...requirements]),
    installLocked: undefined,
  }
}

export function writeUvProject(site: Site, { requirements }: Wanted): void {
  site.write('pyproject.toml', projectTable(requirements))
}

// ---------------------------------------------------------------- poetry, pdm, pipenv

function projectTable(requirements: readonly string[]): string {
  return `[project]
name = "the-project"
version = "0"
requires-python = ">=3.9"
dependencies = ${JSON.stringify(requirements)}
`
}

export function poetry(tool: Tool, site: Site, args: readonly string[]): Promise<Run> {
  return site.run(tool.python, ['-m', 'poetry', ...args])
}

function poetryClient(tool: Tool): Client {
  return {
    name: tool.name,
    refusal: 1,
    shows: 'phrase',
    asksMetadata: true,
    builds: true,
    install: (site, { gate, requirements }) => {
      const source = `[[tool.poetry.source]]\nname = "gate"\nurl = "${gate}/simple/"\npriority = "primary"\n`
      site.write('pyproject.toml', `${projectTable(requirements)}[tool.poetry]\npackage-mode = false\n${source}`)
      return poetry(tool, site, ['install'])
    },
    installLocked: site => poetry(tool, site, ['sync']),
  }
}

export function pdm(tool: Tool, site: Site, args: readonly string[]): Promise<Run> {
  return site.run(tool.python, ['-m', 'pdm', ...args])
}

export function writePdmProject(site: Site, { gate, requirements }: Wanted): void {
  const source = `[[tool.pdm.source]]\nname = "pypi"\nurl = "${gate}/simple/"\nverify_ssl = false\n`
  site.write('pyproject.toml', `${projectTable(requirements)}[tool.pdm]\ndistribution = false\n${source}`)
  site.write('.pdm-python', site.python)
}

function pdmClient(tool: Tool): Client {
  return {
    name: tool.name,
    refusal: 1,
    shows: 'url',
    asksMetadata: true,
    builds: true,
    install: (site, wanted) => {
      writePdmProject(site, wanted)
      return pdm(tool, site, ['install'])
    },
    installLocked: site => pdm(tool, site, ['sync']),
  }
}

export function pipenv(tool: Tool, site: Site, args: readonly string[]): Promise<Run> {
  return site.run(tool.python, ['-m', 'pipenv', ...args])
}

function pipenvClient(tool: Tool): Client {
  return {
    name: tool.name,
    refusal: 1,
    shows: 'phrase',
    asksMetadata: true,
    builds: true,
    install: (site, { gate, requirements }) => {
      const source = `[[source]]\nname = "gate"\nurl = "${gate}/simple/"\nverify_ssl = false\n`
      site.write('Pipfile', `${source}\n[packages]\n${requirements.map(pipfileLine).join('\n')}\n`)
      return pipenv(tool, site, ['install'])
    },
    installLocked: site => pipenv(tool, site, ['sync']),
  }
}

/** `demo==1.0` as `demo = "==1.0"`. */
function pipfileLine(requirement: string): string {
  const [name = '', specifier = ''] = requirement.split(/(?=[<>=~!])(.*)/s)
  return `${name} = ${JSON.stringify(specifier === '' ? '*' : specifier)}`
}
