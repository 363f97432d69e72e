import { type PythonTarget, parsePythonTarget } from '../../domain/packaging/targets.ts'

/** How pip and uv (JSON), and poetry and pipenv (a product), say for which Python they install. */
const SAID = [/"python":"3\.(\d{1,2})(?:[."]|[abr])/, /\bCPython\/3\.(\d{1,2})(?:\.|\b)/]

/** The Python that a client installs for, by its User-Agent; `undefined` where it does not say. */
export function pythonOf(agent: string | undefined): PythonTarget | undefined {
  if (agent === undefined || agent.length > LONGEST) return undefined
  const minor = SAID.map(pattern => pattern.exec(agent)?.[1]).find(found => found !== undefined)
  return minor === undefined ? undefined : parsePythonTarget(`3.${minor}`)
}

/** characters; pip's own is about 500 */
const LONGEST = 4_096
