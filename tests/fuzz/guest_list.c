/* SPDX-License-Identifier: MIT */
/*
 * guest_list.c - how a guest describes itself. What is accepted is a transport as of the contract.
 */
#include "fuzz_json.h"
#include "plugin/guest.h"
#include "plugin/plugin.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *text = fuzz_text(data, size);
    struct guest *list = NULL;
    size_t count = 0;
    struct problem problem = {""};
    int error = guest_read(text, &list, &count, &problem);
    fuzz_judge(error, &problem);
    FUZZ_MUST((error == 0) == (list != NULL));
    for (size_t i = 0; error == 0 && i < count; i++) {
        const struct ipc_transport *transport = &list[i].transport;
        bool waits = false;
        for (int wait = 0; wait < IPC_WAITS; wait++)
            waits = waits || transport->messages[wait] != NULL;
        FUZZ_MUST(waits && plugin_name_fits(transport->name));
        FUZZ_MUST(transport->summary[0] != '\0' && transport->cost[0] != '\0');
    }
    free(list);
    free(text);
    return 0;
}
