holds() { file_kept target/compose.yml de2d74efec97f0c6d9819e754ab17b58da603dd7980bd1c4940ac4c03d2ab551; }
act() { keep_file @PROJECT@/backup target/compose.yml; }
