import { connect } from 'node:net'

export const REDIS_URL = 'redis://127.0.0.1:6379'

/** Whether a Redis runs on this machine. Tests that need one are left out where none does. */
export const redisAnswers = (): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(6379, '127.0.0.1')
    socket.once('connect', () => resolve(socket.destroy() !== undefined))
    socket.once('error', () => resolve(false))
  })
