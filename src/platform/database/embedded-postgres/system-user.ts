import { execFileSync, spawnSync } from 'node:child_process'
import { dirname } from 'node:path'
import { StartError } from '../../start-error.js'
import { program, WAY_OUT } from './program.js'

/** The user that PostgreSQL runs as, where it may not be ours. */
export interface SystemUser {
  uid: number
  gid: number
  /** The command that lets it pass through folders which only root may enter; empty where it can pass by itself. */
  through: string[]
}

/** PostgreSQL refuses to run as root: there it runs as the system user `postgres`, made when missing. */
export function systemUser(dataDir: string): SystemUser | undefined {
  if (process.getuid?.() !== 0) return undefined
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { stdio: ['ignore', 'pipe', 'ignore'] }))
  const find = () => ({ uid: id('-u'), gid: id('-g') })
  let user
  try {
    user = find()
  } catch {
    spawnSync('groupadd', ['--system', 'postgres'], { stdio: 'ignore' })
    spawnSync('useradd', ['--system', '-g', 'postgres', 'postgres'], { stdio: 'ignore' })
    try {
      user = find()
    } catch {
      throw new StartError(
        `PostgreSQL does not run as root, and no system user "postgres" could be made. Start Polity as an ordinary user, or ${WAY_OUT}.`,
      )
    }
  }
  const reach = 'cd "$1" || exit 2; test -x "$2" || exit 3'
  const reaches = (through: string[]) => {
    const [command = '', ...args] = [...through, '/bin/sh', '-c', reach, 'sh', dataDir, program('postgres')]
    return spawnSync(command, args, { ...(through.length ? {} : user), cwd: '/', stdio: 'ignore' }).status
  }
  const status = reaches([])
  if (status === 0) return { ...user, through: [] }
  // Below /root, for one. The capability lets it pass through folders and read; what it may write stays its own.
  const capability = '+dac_read_search'
  const ids = [`--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups']
  const through = ['setpriv', ...ids, `--inh-caps=${capability}`, `--ambient-caps=${capability}`]
  if (reaches(through) === 0) return { ...user, through }
  const path = status === 3 ? `PostgreSQL's programs in ${dirname(program('postgres'))}` : `the data folder ${dataDir}`
  const move =
    status === 3
      ? 'install Polity in a folder that every user may enter'
      : 'set DATA_DIR to a folder that every user may enter'
  throw new StartError(
    `PostgreSQL does not run as root but as the user "postgres", who cannot reach ${path}. Start Polity as an ordinary user, ${move}, or ${WAY_OUT}.`,
  )
}
