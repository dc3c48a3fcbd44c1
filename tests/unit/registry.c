/* SPDX-License-Identifier: MIT */
/*
 * registry.c - the registry against right and wrong plug-ins (tests/plugins/), linked into a folder
 * of its own for each test.
 */
#include "plugin/registry.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
    char folder[256];
    char plugins[PATH_MAX];
    struct registry registry;
    struct problem problem;
};

static int set_up(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    char own[PATH_MAX] = "";
    *state = f;
    if (f == NULL || readlink("/proc/self/exe", own, sizeof own - 1) < 0)
        return -1;
    (void)snprintf(f->plugins, sizeof f->plugins, "%.4000s/../plugins", dirname(own));
    const char *above = getenv("TMPDIR");
    (void)snprintf(f->folder, sizeof f->folder, "%.200s/ipcbench-registry-XXXXXX",
                   above ? above : "/tmp");
    return mkdtemp(f->folder) ? 0 : -1;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    char command[sizeof f->folder + 16];
    registry_close(&f->registry);
    (void)snprintf(command, sizeof command, "rm -r '%s'", f->folder);
    int failed = system(command);
    free(f);
    return failed;
}

/* Puts a built plug-in into the folder. */
static void install_as(struct fixture *f, const char *plugin, const char *file) {
    char from[PATH_MAX];
    char to[PATH_MAX];
    (void)snprintf(from, sizeof from, "%.4000s/%s.so", f->plugins, plugin);
    (void)snprintf(to, sizeof to, "%s/%s", f->folder, file);
    assert_int_equal(access(from, R_OK), 0);
    assert_int_equal(symlink(from, to), 0);
}

static void install(struct fixture *f, const char *plugin) {
    char file[64];
    (void)snprintf(file, sizeof file, "%s.so", plugin);
    install_as(f, plugin, file);
}

static void write_file(struct fixture *f, const char *file, const void *bytes, size_t count) {
    char path[PATH_MAX];
    (void)snprintf(path, sizeof path, "%s/%s", f->folder, file);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, count), count);
    assert_int_equal(close(fd), 0);
}

static void scan(struct fixture *f) {
    registry_close(&f->registry);
    assert_int_equal(registry_open(f->folder, &f->registry, &f->problem), 0);
}

static const struct registry_entry *entry_named(const struct fixture *f, const char *name) {
    for (size_t i = 0; i < f->registry.count; i++)
        if (strcmp(f->registry.entries[i].name, name) == 0)
            return &f->registry.entries[i];
    fail_msg("%s is not listed", name);
    return NULL;
}

static void assert_says(const char *text, const char *part) {
    if (strstr(text, part) == NULL)
        fail_msg("'%s' does not say '%s'", text, part);
}

static void assert_refused(const struct fixture *f, const char *name, const char *part) {
    const struct registry_entry *entry = entry_named(f, name);
    assert_null(entry->transport);
    assert_says(entry->why, part);
}

static void a_trial_loads_only_what_may_list_its_name(void **state) {
    struct fixture *f = *state;
    install(f, "sound");
    install(f, "twins");
    registry_close(&f->registry);
    assert_int_equal(registry_open_for(f->folder, "sound", &f->registry, &f->problem), 0);
    assert_int_equal(f->registry.plugin_count, 1);
    registry_close(&f->registry);
    /* Nothing in its name says that this one is a preset of twins. */
    assert_int_equal(registry_open_for(f->folder, "castor", &f->registry, &f->problem), 0);
    assert_non_null(registry_find(&f->registry, "castor", &f->problem));
}

static volatile sig_atomic_t terms;

static void count_terms(int number) {
    (void)number;
    terms++;
}

static void a_signal_while_a_library_loads_is_ours(void **state) {
    struct fixture *f = *state;
    struct sigaction before, after;
    const struct sigaction counting = {.sa_handler = count_terms};
    assert_int_equal(sigaction(SIGTERM, &counting, &before), 0);
    install(f, "takes-signals");
    terms = 0;
    assert_int_equal(setenv("TAKES_SIGNALS", "1", 1), 0);
    scan(f);
    (void)unsetenv("TAKES_SIGNALS");
    assert_int_equal(sigaction(SIGTERM, &before, &after), 0);
    assert_int_equal(terms, 1);
    assert_true(after.sa_handler == count_terms);
    assert_non_null(entry_named(f, "takes-signals")->transport);
}

static void lists_a_right_plugin(void **state) {
    struct fixture *f = *state;
    install(f, "sound");
    scan(f);
    assert_int_equal(f->registry.count, 1);
    const struct registry_entry *entry = registry_find(&f->registry, "sound", &f->problem);
    assert_non_null(entry);
    assert_string_equal(entry->name, "sound");
    assert_string_equal(entry->summary, "a plug-in for tests");
    assert_string_equal(entry->group, "control");
    assert_string_equal(entry->why, "");
    assert_non_null(entry->transport);
    assert_null(entry->preset);
}

/* Each wrong plug-in, and what the sentence about it must hold. */
static const struct {
    const char *plugin;
    const char *says;
} wrong[] = {
    {"wrong-abi", "rebuild wrong-abi.so against transport.h of this ipcbench (ABI 3, found 7)"},
    {"no-symbol", "exports no symbol ipc_transport"},
    {"small-symbol", "has 4 bytes instead of"},
    {"code-symbol", "but not as data"},
    {"wrong-name", "rename the file to right-name.so"},
    {"odd-name", ".name is not a name"},
    {"dead-pointer", ".summary is not one line"},
    {"wrong-group", ".group is none of core, kernel, library, guest and control"},
    {"zero-sizes", ".link_bytes is not the size"},
    {"no-cleanup", ".cleanup is missing"},
    {"odd-needs", ".needs has a bit that stands for nothing"},
    {"odd-channel", ".not_a_channel is set, but .one_at_a_time doesn't say why"},
    {"odd-calls", ".calls is not a range"},
    {"no-messages", ".messages has no table"},
    {"half-messages", "without send or without recv"},
    {"half-descriptors", "without in or without out"},
    {"half-connections", "without fits, connect, accept or hang_up"},
    {"half-in-place", "lacks one of its four operations"},
    {"far-knob", "knob 'field' has an offset"},
    {"base-knob", "knob 'field' has an offset"},
    {"endless-knobs", "no NULL name at its end"},
    {"bad-preset", "its too-far values don't fit: knob 'field' of bad-preset: 10 is out of range"},
};
enum { WRONG = sizeof wrong / sizeof *wrong };

static void refuses_each_wrong_plugin(void **state) {
    struct fixture *f = *state;
    install(f, "sound");
    for (size_t i = 0; i < WRONG; i++)
        install(f, wrong[i].plugin);
    scan(f);
    assert_int_equal(f->registry.count, WRONG + 1);
    assert_int_equal(f->registry.plugin_count, 1);
    for (size_t i = 0; i < WRONG; i++)
        assert_refused(f, wrong[i].plugin, wrong[i].says);
    assert_non_null(registry_find(&f->registry, "sound", &f->problem));
}

/* A plug-in cut short at any place is refused before the loader touches what is missing. */
static void refuses_files_cut_short(void **state) {
    struct fixture *f = *state;
    char path[PATH_MAX];
    struct stat status;
    (void)snprintf(path, sizeof path, "%.4000s/sound.so", f->plugins);
    assert_int_equal(stat(path, &status), 0);
    size_t bytes = (size_t)status.st_size;
    char *whole = malloc(bytes);
    int fd = open(path, O_RDONLY);
    assert_int_equal(read(fd, whole, bytes), bytes);
    assert_int_equal(close(fd), 0);
    const size_t cuts[] = {1, 16, 63, 64, 200, 4096, bytes / 2, bytes - 4096, bytes - 1};
    for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
        write_file(f, "sound.so", whole, cuts[i]);
        scan(f);
        assert_refused(f, "sound", cuts[i] < 4 ? "no ELF file" : "its end is missing");
    }
    write_file(f, "sound.so", whole, bytes);
    free(whole);
    scan(f);
    assert_non_null(entry_named(f, "sound")->transport);
}

static void refuses_what_is_no_library(void **state) {
    struct fixture *f = *state;
    char path[PATH_MAX];
    write_file(f, "text.so", "hello, this is no library\n", 26);
    write_file(f, "empty.so", "", 0);
    write_file(f, "note.txt", "not looked at", 13);
    write_file(f, ".hidden.so", "not looked at", 13);
    (void)snprintf(path, sizeof path, "%s/folder.so", f->folder);
    assert_int_equal(mkdir(path, 0755), 0);
    (void)snprintf(path, sizeof path, "%s/fifo.so", f->folder);
    assert_int_equal(mkfifo(path, 0644), 0);
    (void)snprintf(path, sizeof path, "%s/dangling.so", f->folder);
    assert_int_equal(symlink("/nowhere/at-all.so", path), 0);
    scan(f);
    assert_int_equal(f->registry.count, 5);
    assert_refused(f, "text", "no ELF file");
    assert_refused(f, "empty", "no ELF file");
    assert_refused(f, "folder", "is not a file");
    assert_refused(f, "fifo", "is not a file");
    assert_refused(f, "dangling", "can't be opened: No such file");
}

static void lists_presets_instead_of_their_plugin(void **state) {
    struct fixture *f = *state;
    install(f, "twins");
    scan(f);
    assert_int_equal(f->registry.count, 2);
    const struct registry_entry *castor = registry_find(&f->registry, "castor", &f->problem);
    const struct registry_entry *pollux = registry_find(&f->registry, "pollux", &f->problem);
    assert_string_equal(castor->summary, "the first twin");
    assert_string_equal(castor->preset->knobs, "field=1");
    assert_string_equal(pollux->preset->knobs, "field=9");
    assert_ptr_equal(castor->transport, pollux->transport);
    assert_null(registry_find(&f->registry, "twins", &f->problem));
    assert_says(f->problem.text, "ask for castor or pollux");
}

/* A file's name belongs to that file, a preset's to the first file that has it, whichever way. */
static void refuses_a_second_owner_of_a_name(void **state) {
    struct fixture *f = *state;
    install(f, "preset-clash");
    install(f, "sound");
    install(f, "other-twins");
    install(f, "twins");
    scan(f);
    assert_int_equal(f->registry.count, 4);
    assert_refused(f, "preset-clash", "has the name of another transport");
    assert_refused(f, "twins", "its preset 'castor' is also a preset of other-twins.so");
    assert_non_null(registry_find(&f->registry, "sound", &f->problem));
    assert_string_equal(registry_find(&f->registry, "castor", &f->problem)->transport->name,
                        "other-twins");
}

static void tells_why_a_plugin_was_not_built(void **state) {
    struct fixture *f = *state;
    static const char why[] = "not built, since libfoo is missing\n";
    install(f, "sound");
    write_file(f, "sound.absent", why, sizeof why - 1);
    write_file(f, "foo.absent", why, sizeof why - 1);
    write_file(f, "bar.absent", "\n", 1);
    write_file(f, "binary.absent",
               "a\x01\xff"
               "b",
               4);
    scan(f);
    assert_int_equal(f->registry.count, 4);
    assert_string_equal(entry_named(f, "foo")->why, "not built, since libfoo is missing");
    assert_refused(f, "bar", "does not say why");
    assert_string_equal(entry_named(f, "binary")->why, "a  b");
    assert_non_null(entry_named(f, "sound")->transport);
    assert_null(registry_find(&f->registry, "foo", &f->problem));
    assert_string_equal(f->problem.text,
                        "transport 'foo' can't be used: not built, since libfoo is "
                        "missing");
}

static void sorts_by_group_then_name(void **state) {
    struct fixture *f = *state;
    install(f, "twins");
    install(f, "sound");
    write_file(f, "aaa.absent", "why", 3);
    scan(f);
    static const char *const order[] = {"castor", "pollux", "sound", "aaa"};
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(f->registry.entries[i].name, order[i]);
    assert_true(plugin_group_rank("core") < plugin_group_rank("control"));
    assert_int_equal(plugin_group_rank("kernel"), 1);
    assert_null(plugin_groups[plugin_group_rank("")]);
}

static void suggests_the_nearest_name(void **state) {
    struct fixture *f = *state;
    install(f, "sound");
    scan(f);
    assert_null(registry_find(&f->registry, "sond", &f->problem));
    assert_says(f->problem.text, "there is no transport 'sond'; did you mean 'sound'?");
    assert_null(registry_find(&f->registry, "", &f->problem));
    assert_null(registry_find(&f->registry, "quite-another", &f->problem));
    assert_says(f->problem.text, "`ipcbench list`");
}

static void finds_the_folder(void **state) {
    struct fixture *f = *state;
    char path[PATH_MAX];
    assert_int_equal(registry_folder(f->folder, path, sizeof path, &f->problem), 0);
    assert_string_equal(path, f->folder);
    assert_int_equal(registry_folder("/nowhere", path, sizeof path, &f->problem), -EINVAL);
    assert_says(f->problem.text, "/nowhere is not a folder");
    assert_int_equal(registry_folder(f->folder, path, 4, &f->problem), -ENAMETOOLONG);
    /* Beside this test there is no folder of transports. */
    assert_int_equal(registry_folder(NULL, path, sizeof path, &f->problem), -ENOENT);
    assert_says(f->problem.text, "--transports");
}

static void refuses_a_folder_without_transports(void **state) {
    struct fixture *f = *state;
    assert_int_equal(registry_open(f->folder, &f->registry, &f->problem), -ENOENT);
    assert_says(f->problem.text, "there is no transport (NAME.so) in /tmp/");
    assert_int_equal(registry_open("/nowhere", &f->registry, &f->problem), -ENOENT);
    assert_says(f->problem.text, "can't read the transports folder /nowhere: No such file");
    assert_int_equal(f->registry.count, 0);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_signal_while_a_library_loads_is_ours),
        TEST(lists_a_right_plugin),
        TEST(a_trial_loads_only_what_may_list_its_name),
        TEST(refuses_each_wrong_plugin),
        TEST(refuses_files_cut_short),
        TEST(refuses_what_is_no_library),
        TEST(lists_presets_instead_of_their_plugin),
        TEST(refuses_a_second_owner_of_a_name),
        TEST(tells_why_a_plugin_was_not_built),
        TEST(sorts_by_group_then_name),
        TEST(suggests_the_nearest_name),
        TEST(finds_the_folder),
        TEST(refuses_a_folder_without_transports),
    };
    return cmocka_run_group_tests_name("registry", tests, NULL, NULL);
}
