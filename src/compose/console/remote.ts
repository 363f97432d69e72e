import type { GateNamed } from '../../cli/command/services.ts'
import type { Environment } from '../../config/read-environment.ts'
import type { RemoteGate } from '../../ports/console/remote-gate.ts'
import { createRemoteGate } from '../../upstream/remote/remote-gate.ts'
import { readCa } from '../upstream.ts'

/** For commands: no socket is opened before something is asked. Throws `config-invalid` for authorities that cannot be read. */
export function openRemoteGate(
  { origin, token, ca }: GateNamed,
  { environment, version }: { readonly environment: Environment; readonly version: string },
): RemoteGate {
  return createRemoteGate({ origin, token, ca: readCa(ca, '--ca'), environment, version })
}
