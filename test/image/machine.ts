import { execFile, execFileSync } from 'node:child_process'
import { promisify } from 'node:util'

const execute = promisify(execFile)

/** What stands between this machine and building the image for real. */
const TOOLS = ['buildah', 'debootstrap', 'npm', 'unshare', 'nsenter', 'setpriv', 'chroot', 'ip'] as const

/** For `skip`: false where the image can be built and started here, else what is missing. */
export async function imageSkip(): Promise<string | false> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'building the image needs root on Linux'
  const missing = TOOLS.filter(tool => !hasTool(tool))
  if (missing.length > 0) return `${missing.join(', ')} missing (apt-get install buildah debootstrap iproute2)`
  if (!isAllowed('unshare', ['--mount', '--pid', '--fork', '--net', 'true'])) return 'this machine forbids namespaces'
  try {
    await execute('npm', ['view', 'zod', 'version'], { timeout: 30_000 })
    return false
  } catch {
    return 'the npm registry is out of reach'
  }
}

export function hasTool(name: string): boolean {
  return isAllowed('/bin/sh', ['-c', `command -v ${name}`])
}

function isAllowed(command: string, words: readonly string[]): boolean {
  try {
    execFileSync(command, words, { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
