#include "ck_kernels.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

// How often a waiting thread looks before it sleeps: some tens of microseconds, about the gap between two steps.
enum { SPINS = 2000 };

struct ck_team {
    int size;
    pthread_t *threads;
    void (*body)(void *context, int thread);
    void *context;
    bool ending;
    // Number of the current run; a change starts one.
    _Atomic uint32_t run;
    // Threads that have come to the barrier, and a number that changes when all have.
    _Atomic int arrived;
    _Atomic uint32_t phase;
    _Atomic int64_t next;
    pthread_mutex_t lock;
    pthread_cond_t changed;
};

typedef struct {
    ck_team_t *team;
    int thread;
} worker_t;

static void pause_briefly(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

// Waits until the number is no longer `old`.
static void wait_for_change(ck_team_t *team, _Atomic uint32_t *number, uint32_t old) {
    for (int spin = 0; spin < SPINS; spin++) {
        if (atomic_load_explicit(number, memory_order_acquire) != old) return;
        pause_briefly();
    }
    pthread_mutex_lock(&team->lock);
    while (atomic_load_explicit(number, memory_order_acquire) == old) pthread_cond_wait(&team->changed, &team->lock);
    pthread_mutex_unlock(&team->lock);
}

// Changes the number and wakes whoever sleeps on it; the lock keeps a thread from falling asleep in between.
static void change(ck_team_t *team, _Atomic uint32_t *number) {
    pthread_mutex_lock(&team->lock);
    atomic_fetch_add_explicit(number, 1, memory_order_release);
    pthread_cond_broadcast(&team->changed);
    pthread_mutex_unlock(&team->lock);
}

void ck_team_barrier(ck_team_t *team) {
    const uint32_t phase = atomic_load_explicit(&team->phase, memory_order_relaxed);
    if (atomic_fetch_add_explicit(&team->arrived, 1, memory_order_acq_rel) + 1 < team->size) {
        wait_for_change(team, &team->phase, phase);
        return;
    }
    atomic_store_explicit(&team->arrived, 0, memory_order_relaxed);
    atomic_store_explicit(&team->next, 0, memory_order_relaxed);
    if (team->size == 1) return;
    change(team, &team->phase);
}

int64_t ck_team_next(ck_team_t *team) { return atomic_fetch_add_explicit(&team->next, 1, memory_order_relaxed); }

int ck_team_size(const ck_team_t *team) { return team->size; }

static void *work(void *argument) {
    const worker_t worker = *(worker_t *)argument;
    free(argument);
    ck_team_t *team = worker.team;
    for (uint32_t run = 0;; run++) {
        wait_for_change(team, &team->run, run);
        if (team->ending) return NULL;
        team->body(team->context, worker.thread);
        ck_team_barrier(team);
    }
}

void ck_team_run(ck_team_t *team, void (*body)(void *context, int thread), void *context) {
    team->body = body;
    team->context = context;
    if (team->size > 1) change(team, &team->run);
    body(context, 0);
    ck_team_barrier(team);
}

static void end(ck_team_t *team, int started) {
    team->ending = true;
    change(team, &team->run);
    for (int i = 0; i < started; i++) pthread_join(team->threads[i], NULL);
    pthread_cond_destroy(&team->changed);
    pthread_mutex_destroy(&team->lock);
    free(team->threads);
    free(team);
}

ck_team_t *ck_team_create(int threads) {
    ck_team_t *team = calloc(1, sizeof *team);
    if (!team) return NULL;
    team->size = threads < 1 ? 1 : threads;
    team->threads = calloc((size_t)team->size, sizeof *team->threads);
    pthread_mutex_init(&team->lock, NULL);
    pthread_cond_init(&team->changed, NULL);
    for (int i = 1; i < team->size; i++) {
        worker_t *worker = malloc(sizeof *worker);
        if (worker) *worker = (worker_t){team, i};
        if (!worker || !team->threads || pthread_create(&team->threads[i - 1], NULL, work, worker) != 0) {
            free(worker);
            end(team, i - 1);
            return NULL;
        }
    }
    return team;
}

void ck_team_destroy(ck_team_t *team) {
    if (team) end(team, team->size - 1);
}
