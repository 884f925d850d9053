import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = new URL('../../', import.meta.url)
const { scripts } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'))

/**
 * Node's arguments in `npm start`, and where they are meant to be given. The script is `exec node … || node …`: without
 * exec, npm's signals end at the shell between; the second half is for Windows, whose shell has no exec.
 */
const [, args] = /^exec node (.*) \|\| /.exec(scripts.start)
export const shipped = { args: args.split(' '), cwd: fileURLToPath(root) }
